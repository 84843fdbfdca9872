/** Rows of CSV and TSV files, RFC 4180 as it is met: other separators, line ends of any system, quotes that are only characters. */
import { UsageError } from "../../errors.js";
import { type Line, linesOf, readLine } from "./lines.js";
import { placeOfLine, type Rows } from "./row.js";

/** Separators of a CSV by how likely they are: spreadsheets of half of Europe write semicolons. */
const SEPARATORS = [",", ";", "\t", "|"];

/**
 * The rows of a file whose first line that is not empty names the columns.
 * @param separator  between cells; unless told, the one that the header has most of
 * @throws {UsageError} if there is no such line, or none that can be read: what follows would be rows of unknown columns
 */
export async function* separatedRows(path: string, separator?: string): Rows {
  const lines = linesOf(path);
  const first = await headerOf(path, lines);
  const between = separator ?? commonest(first.text);
  let header: string[] | undefined;
  for await (const { line, text, fault, found } of logicalLines(lines, first.line, between)) {
    if (fault !== undefined) {
      yield { place: placeOfLine(path, line, found), fault };
      continue;
    }
    if (text === "") continue;
    const cells = cellsOf(text!, between);
    if (header === undefined) header = cells.map((name) => name.trim());
    else if (cells.length === header.length)
      yield { place: placeOfLine(path, line), fields: Object.fromEntries(header.map((name, i) => [name, cells[i]])) };
    else {
      const found = `${cells.length} cells under ${header.length} columns`;
      yield { place: placeOfLine(path, line, found), fault: "wrong number of cells" };
    }
  }
}

async function headerOf(path: string, lines: AsyncGenerator<Line>): Promise<{ line: Line; text: string }> {
  const mend = "give a file in UTF-8 whose first line names its columns";
  for (;;) {
    const { value: line, done } = await lines.next();
    if (done) throw new UsageError(`${path} is empty.`, mend);
    const read = readLine(line);
    if ("fault" in read) throw new UsageError(`The columns of ${path} cannot be read: ${read.found}.`, mend);
    if (read.text.includes("\r"))
      throw new UsageError(`The lines of ${path} end with carriage returns alone.`, "save it with line feeds");
    if (read.text !== "") return { line, text: read.text };
  }
}

function commonest(header: string): string {
  const outside = header.replaceAll(/"[^"]*"/g, "");
  const counted = SEPARATORS.map((separator) => outside.split(separator).length);
  return SEPARATORS[counted.indexOf(Math.max(...counted))]!;
}

interface LogicalLine {
  readonly line: Line;
  readonly text?: string;
  readonly fault?: string;
  readonly found?: string;
}

/** Lines that one row may have in its quotes: a quote that nobody closes takes no more of the file with it. */
const QUOTED_LINES = 1000;

/** Lines of which those inside quotes are one. The lines after a quote that is not closed are taken one by one again. */
async function* logicalLines(lines: AsyncGenerator<Line>, first: Line, separator: string): AsyncGenerator<LogicalLine> {
  const waiting: Line[] = [first];
  for (;;) {
    const line = waiting.shift() ?? (await lines.next()).value;
    if (line === undefined) return;
    const read = readLine(line);
    if ("fault" in read) {
      yield { line, ...read };
      continue;
    }
    let { text } = read;
    const taken: Line[] = [];
    let open = endsQuoted(text, separator, false);
    while (open && taken.length < QUOTED_LINES) {
      const next: Line | undefined = waiting.shift() ?? (await lines.next()).value;
      if (next === undefined) break;
      taken.push(next);
      const more = readLine(next);
      if ("fault" in more) break;
      text += `\n${more.text}`;
      open = endsQuoted(more.text, separator, true);
    }
    if (open) {
      waiting.unshift(...taken);
      yield { line, fault: "quote not closed", found: "a quote begins that nothing ends" };
    } else yield { line, text };
  }
}

/** Whether a line ends inside a quoted cell. @param quoted  whether it begins inside one */
function endsQuoted(text: string, separator: string, quoted: boolean): boolean {
  for (let at = 0; ; ) {
    if (quoted || text[at] === '"') {
      const end = closingQuote(text, quoted ? at : at + 1);
      if (end < 0) return true;
      at = end + 1;
      quoted = false;
    }
    const next = text.indexOf(separator, at);
    if (next < 0) return false;
    at = next + separator.length;
  }
}

/** The quote that ends a cell, from a place inside it; two are a character. */
function closingQuote(text: string, from: number): number {
  let end = text.indexOf('"', from);
  while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
  return end;
}

/** The cells of a row. A quote inside a cell that does not begin with one is a character. */
function cellsOf(text: string, separator: string): string[] {
  const cells: string[] = [];
  for (let at = 0; ; ) {
    const quoted = text[at] === '"';
    const end = quoted ? closingQuote(text, at + 1) : at;
    const next = text.indexOf(separator, quoted ? end + 1 : at);
    const rest = text.slice(quoted ? end + 1 : at, next < 0 ? undefined : next);
    cells.push(quoted ? text.slice(at + 1, end).replaceAll('""', '"') + rest : rest);
    if (next < 0) return cells;
    at = next + separator.length;
  }
}
