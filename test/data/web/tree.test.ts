/** The tree is that of the HTML standard: what parse5 builds of its own, whose conformity its project tests. */
import fc from "fast-check";
import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { describe, expect, it } from "vitest";
import { parseTree, type TreeNode } from "../../../src/data/web/tree.js";

/** A tree in brackets; comments and doctypes are left out, and texts that a comment parted are one. */
function ours(node: TreeNode): string {
  if (node.kind === "text") return JSON.stringify(node.data);
  let inside = "";
  for (let child = node.first; child !== undefined; child = child.next) {
    expect(child.parent).toBe(node);
    expect(child.previous?.next ?? node.first).toBe(child);
    inside += ours(child);
  }
  if (node.content !== undefined) inside += `{${ours(node.content)}}`;
  return `(${node.name} ${JSON.stringify(node.attributes)} ${inside})`;
}

function theirs(node: DefaultTreeAdapterTypes.Node): string {
  if ("value" in node) return JSON.stringify(node.value);
  if (!("childNodes" in node)) return "";
  const inside = node.childNodes.map(theirs).join("") + ("content" in node ? `{${theirs(node.content)}}` : "");
  return "tagName" in node ? `(${node.tagName} ${JSON.stringify(node.attrs)} ${inside})` : `( [] ${inside})`;
}

const joined = (tree: string) => tree.replaceAll('""', "");

describe("the tree of a page", () => {
  it.each([
    "<p>one<p>two<b>bold<p>three</b>four",
    "<table><p>before<tr><td>in</table>after",
    "<a href=x>one<a href=y>two",
    "<b><i></b>x</i><div><b></div>",
    "<select><option>a<select>b",
    "<template><td>x</template><svg><title>t</title><foreignObject><p>y",
    "<table><b>x<!-- c -->y<tr>z</table>",
    "text<html lang=en><body class=b><body id=c>",
  ])("is that of the standard: %s", (html) => {
    expect(joined(ours(parseTree(html, 1e6).document))).toBe(joined(theirs(parse(html))));
  });

  it("is that of the standard for any soup of tags", () => {
    const tag = fc.constantFrom(
      ..."p b i a div table tr td th ul li svg math template select option form h1 button noscript frameset br img nobr title".split(
        " ",
      ),
    );
    const token = fc.oneof(
      fc.tuple(tag, fc.constantFrom("", " id=1", " class=x")).map(([name, rest]) => `<${name}${rest}>`),
      tag.map((name) => `</${name}>`),
      fc.constantFrom("word", " ", "<!--c-->", "&amp;", "\n"),
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 40 }), (tokens) => {
        const html = tokens.join("");
        expect(joined(ours(parseTree(html, 1e6).document))).toBe(joined(theirs(parse(html))));
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it("ends where the page has more nodes than it may, with all before", () => {
    const { document, truncated } = parseTree("<p>a".repeat(100), 50);
    expect(truncated).toBe(true);
    const whole = ours(document);
    expect(whole.match(/"a"/g)?.length).toBeGreaterThan(20);
    expect(parseTree("<p>a", 50).truncated).toBe(false);
  });
});
