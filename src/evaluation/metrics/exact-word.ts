/** Right or wrong, open-ended. */

/**
 * Whether an answer is exactly the words expected. Of both, a leading article, capitals, a final full stop and white space
 * around them are ignored; nothing else is: "a red apple on the table" is no "red apple".
 */
export function exactWord(answer: string, expected: string): boolean {
  return plain(answer) === plain(expected);
}

function plain(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/\s*\.$/, "")
    .replace(/^(an?|the)\s+/, "");
}
