/**
 * What the package exports, read from the declarations that are published: for each entry point of package.json its names, grouped
 * by the file that declares them, with their signatures and docstrings.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type ExportedDeclarations, type JSDocableNode, Node, Project, type SourceFile, SyntaxKind } from "ts-morph";

/** A docstring in its parts. */
export interface Doc {
  readonly text: string;
  readonly params: readonly (readonly [name: string, text: string])[];
  readonly returns: string | undefined;
  readonly throws: readonly string[];
  readonly source: readonly string[];
}

export interface Item {
  readonly name: string;
  readonly kind: "function" | "interface" | "type" | "class" | "const";
  /** The declaration as the reader of a page sees it. */
  readonly signature: string;
  readonly doc: Doc | undefined;
  /** Names of other types in it, the language's own among them. */
  readonly types: readonly string[];
  /** Names of parameters, which a docstring may speak of. */
  readonly parameters: readonly string[];
  /** Whether tensors of a graph go in or out. */
  readonly hasValues: boolean;
}

/** The exports of one entry point that one file declares. */
export interface Group {
  /** `src/graph/axes.ts` */
  readonly file: string;
  /** What the file says of itself. */
  readonly comment: string;
  readonly items: readonly Item[];
}

export interface Entry {
  /** `flamingo-ts/graph` */
  readonly name: string;
  /** `graph.md` */
  readonly page: string;
  readonly comment: string;
  readonly groups: readonly Group[];
}

/** Every entry point of the package in a folder, which has been built. */
export function readEntries(root: string): Entry[] {
  const { name, exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    name: string;
    exports: Record<string, { types: string }>;
  };
  const project = new Project({ skipLoadingLibFiles: true, compilerOptions: { types: [], skipLibCheck: true } });
  return Object.entries(exports).map(([path, { types }]) => {
    const file = project.addSourceFileAtPath(join(root, types));
    project.resolveSourceFileDependencies();
    return {
      name: join(name, path),
      page: `${path === "." ? name : path.slice(2)}.md`,
      comment: commentOf(root, sourceOf(root, file)),
      groups: groupsOf(root, file),
    };
  });
}

function groupsOf(root: string, entry: SourceFile): Group[] {
  const groups = new Map<string, Item[]>();
  for (const [name, declarations] of entry.getExportedDeclarations())
    for (const declaration of declarations) {
      const file = sourceOf(root, declaration.getSourceFile());
      const item = itemOf(name, declaration);
      // Of a declaration without a docstring TypeScript takes the file's comment, if that stands just before it.
      const doc = item.doc?.text === commentOf(root, file) ? undefined : item.doc;
      groups.set(file, [...(groups.get(file) ?? []), { ...item, doc }]);
    }
  return [...groups].map(([file, items]) => ({ file, comment: commentOf(root, file), items }));
}

/** The source of a declaration file: `src/graph/axes.ts` of `dist/graph/axes.d.ts`. */
function sourceOf(root: string, file: SourceFile): string {
  const path = relative(root, file.getFilePath()).replaceAll("\\", "/");
  return path.replace(/^dist\//, "src/").replace(/\.d\.ts$/, ".ts");
}

/** A file's first comment, where it stands before everything and not before a declaration. */
function commentOf(root: string, file: string): string {
  const text = existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "";
  const comment = /^\/\*\*([\s\S]*?)\*\/\n(?=\n|import\b|export (?:type )?[{*])/.exec(text)?.[1] ?? "";
  return parseDoc(comment.replaceAll(/^[ \t]*\*[ \t]?/gm, "")).text;
}

/** A comment, its stars taken off, in its parts. */
export function parseDoc(comment: string): Doc {
  const [text = "", ...tags] = comment.trim().split(/(?:^|\s)@(?=(?:param|returns|throws|source)\b)/);
  const of = (tag: string) =>
    tags.filter((part) => part.startsWith(tag)).map((part) => part.slice(tag.length).trim().replaceAll(/\s+/g, " "));
  return {
    text: text.trim(),
    params: of("param").map((part) => [part.split(" ")[0]!, part.slice(part.indexOf(" ") + 1)] as const),
    returns: of("returns")[0],
    throws: of("throws"),
    source: of("source"),
  };
}

const docOf = (node: JSDocableNode): Doc | undefined => {
  const comment = node.getJsDocs().at(-1)?.getInnerText();
  return comment === undefined || comment.trim() === "" ? undefined : parseDoc(comment);
};

function itemOf(name: string, declaration: ExportedDeclarations): Item {
  const plain = { name, types: typesIn(declaration), parameters: [] as string[], hasValues: false };
  if (Node.isInterfaceDeclaration(declaration) || Node.isTypeAliasDeclaration(declaration))
    return {
      ...plain,
      kind: Node.isInterfaceDeclaration(declaration) ? "interface" : "type",
      signature: tidy(declaration.getText()),
      doc: docOf(declaration),
    };
  if (Node.isClassDeclaration(declaration)) {
    const isInternal = (node: JSDocableNode) => node.getJsDocs().some((doc) => doc.getText().includes("@internal"));
    const hidden = declaration.getConstructors().filter(isInternal);
    const text = hidden.reduce((all, each) => all.replace(each.getFullText(), ""), declaration.getText());
    const signature = tidy(text.replaceAll(/^\s*#private;\n/gm, ""));
    return { ...plain, types: typesIn(declaration, hidden), kind: "class", signature, doc: docOf(declaration) };
  }
  if (Node.isFunctionDeclaration(declaration))
    return { ...plain, ...functionOf(tidy(declaration.getText()), declaration, docOf(declaration)) };
  if (!Node.isVariableDeclaration(declaration))
    throw new Error(`${name} is a ${declaration.getKindName()}, which the reference does not show`);
  const doc = docOf(declaration.getVariableStatementOrThrow());
  const type = declaration.getTypeNode();
  if (type === undefined) return { ...plain, kind: "const", signature: `const ${declaration.getText()};`, doc };
  if (Node.isFunctionTypeNode(type)) {
    const parameters = type.getParameters().map((parameter) => parameter.getText());
    const signature = tidy(`function ${name}(${parameters.join(", ")}): ${type.getReturnTypeNode()!.getText()};`);
    return { ...plain, ...functionOf(signature, type, doc) };
  }
  const short = shortened(type);
  return { ...plain, types: short.types, kind: "const", signature: `const ${name}: ${short.text};`, doc };
}

interface Callable {
  getParameters(): { getName(): string; getText(): string }[];
  getReturnTypeNode(): { getText(): string } | undefined;
}

function functionOf(signature: string, node: Callable, doc: Doc | undefined) {
  const parameters = node.getParameters();
  const types = [...parameters.map((parameter) => parameter.getText()), node.getReturnTypeNode()?.getText() ?? ""];
  return {
    kind: "function" as const,
    signature,
    doc,
    parameters: parameters.flatMap((parameter) => parameter.getText().match(/\w+/g) ?? []),
    hasValues: types.some((type) => /\bValue\b/.test(type.replaceAll(/<[^<>]*\bValue\b[^<>]*>/g, ""))),
  };
}

/** Names of the types that a declaration mentions, but for those it declares itself. */
function typesIn(declaration: Node, without: readonly Node[] = []): string[] {
  const names = declaration.getDescendants().flatMap((node) => {
    const isHidden = without.some((hidden) => hidden.containsRange(node.getPos(), node.getEnd()));
    if (isHidden || node.getAncestors().some(Node.isJSDoc)) return [];
    if (Node.isTypeReference(node)) return [node.getTypeName().getText().replace(/^.*\./, "")];
    const isExtended = Node.isExpressionWithTypeArguments(node) && /^extends/.test(node.getParent()!.getText());
    return isExtended ? [node.getExpression().getText()] : [];
  });
  const declared = declaration.getDescendantsOfKind(SyntaxKind.TypeParameter).map((each) => each.getName());
  return [...new Set(names)].filter((name) => !declared.includes(name) && name !== "const");
}

/** A type in full if it is short, and else the names it holds. */
function shortened(type: Node): { text: string; types: string[] } {
  const text = tidy(type.getText());
  if (!Node.isTypeLiteral(type) || text.split("\n").length <= 64) return { text, types: typesIn(type) };
  const names = type.getProperties().map((property) => property.getName());
  return { text: `{ ${names.join("; ")} }`, types: [] };
}

/** Without what only the compiler needs, indented by two. */
function tidy(text: string): string {
  return text
    .replaceAll(/import\("[^"]*"\)\./g, "")
    .replace(/^export (?:declare )?/, "")
    .replaceAll(/^(?: {4})+/gm, (indent) => " ".repeat(indent.length / 2));
}
