/**
 * The tree of a page as the HTML standard builds it (parse5), in nodes made for reading: brothers are linked, so that no page
 * makes moving them slow, comments are left out, and each node has room for what is measured of it.
 */
import { html as names, parse, parseFragment, type Token, type TreeAdapter, type TreeAdapterTypeMap } from "parse5";

export type NodeKind = "element" | "text" | "comment" | "root";

/** A node of the tree. Elements have a `name`, texts `data`. */
export class TreeNode {
  readonly kind: NodeKind;
  /** Of an element, in lower case but in SVG. */
  readonly name: string;
  readonly namespace: string;
  attributes: Token.Attribute[];
  data: string;
  parent: TreeNode | undefined = undefined;
  previous: TreeNode | undefined = undefined;
  next: TreeNode | undefined = undefined;
  first: TreeNode | undefined = undefined;
  last: TreeNode | undefined = undefined;
  /** Of a `template`: its inert content. */
  content: TreeNode | undefined = undefined;
  /** What `measure` found; undefined of texts and of all that is not read. */
  measures: Measures | undefined = undefined;

  constructor(kind: NodeKind, name: string, namespace: string, attributes: Token.Attribute[], data: string) {
    this.kind = kind;
    this.name = name;
    this.namespace = namespace;
    this.attributes = attributes;
    this.data = data;
  }
}

/** Sums over what is read inside an element; characters after white space is collapsed. */
export interface Measures {
  chars: number;
  linkChars: number;
  commas: number;
  images: number;
  linkedImages: number;
  /** Blocks of at least 25 characters. */
  paragraphs: number;
  items: number;
  inputs: number;
  /** Characters, links and commas in the element and its inline parts, not in blocks inside it. */
  ownChars: number;
  ownLinkChars: number;
  ownCommas: number;
  /** Blocks inside it. */
  blocks: number;
  /** What its paragraphs and those of its near descendants give it. */
  score: number;
  /** The paragraphs' worth, summed. */
  worth: number;
}

/** The value of an attribute, or undefined. */
export function attribute(node: TreeNode, name: string): string | undefined {
  for (const each of node.attributes) if (each.name === name) return each.value;
  return undefined;
}

/** The node after `node` in the order of the document, or the one after all that is in it; undefined outside of `root`. */
export function following(node: TreeNode, root: TreeNode, enter: boolean): TreeNode | undefined {
  if (enter && node.first !== undefined) return node.first;
  for (let at: TreeNode | undefined = node; at !== undefined && at !== root; at = at.parent) {
    if (at.next !== undefined) return at.next;
  }
  return undefined;
}

/** All text in an element, white space collapsed. */
export function textOf(root: TreeNode): string {
  let text = "";
  for (let node = following(root, root, true); node !== undefined; node = following(node, root, true)) {
    if (node.kind === "text") text += node.data;
  }
  return text.replace(/[ \t\n\f\r]+/g, " ").trim();
}

export interface ParsedTree {
  readonly document: TreeNode;
  /** Whether reading stopped at `maxNodes`. */
  readonly truncated: boolean;
}

/** The tree of a whole page. @param maxNodes elements and texts; the page is read as if it ended after them. */
export function parseTree(html: string, maxNodes: number): ParsedTree {
  const builder = new Builder(maxNodes);
  try {
    return { document: parse<Types>(html, { treeAdapter: builder }), truncated: false };
  } catch (error) {
    if (!(error instanceof Full)) throw error;
    return { document: builder.document, truncated: true };
  }
}

/** The tree of what stands in a `noscript`, which a browser with scripts keeps as text. */
export function parsePart(html: string): TreeNode {
  const builder = new Builder(1000);
  try {
    return parseFragment<Types>(html, { treeAdapter: builder });
  } catch (error) {
    if (!(error instanceof Full)) throw error;
    return new TreeNode("root", "", "", [], "");
  }
}

/** Not a failure: how a parser without a brake is stopped. */
class Full extends Error {}

interface Types extends TreeAdapterTypeMap {
  node: TreeNode;
  parentNode: TreeNode;
  childNode: TreeNode;
  document: TreeNode;
  documentFragment: TreeNode;
  element: TreeNode;
  commentNode: TreeNode;
  textNode: TreeNode;
  template: TreeNode;
  documentType: TreeNode;
}

const COMMENT = new TreeNode("comment", "", "", [], "");

class Builder implements TreeAdapter<Types> {
  readonly document = new TreeNode("root", "", "", [], "");
  /** Names of the attributes of `html` and `body`, which every later tag of theirs may add to. */
  readonly #adopted = new Map<TreeNode, Set<string>>();
  #mode: names.DOCUMENT_MODE = names.DOCUMENT_MODE.NO_QUIRKS;
  #left: number;

  constructor(maxNodes: number) {
    this.#left = maxNodes;
  }

  #count(): void {
    this.#left -= 1;
    if (this.#left < 0) throw new Full();
  }

  createDocument(): TreeNode {
    return this.document;
  }
  createDocumentFragment(): TreeNode {
    return new TreeNode("root", "", "", [], "");
  }
  createElement(name: string, namespace: names.NS, attributes: Token.Attribute[]): TreeNode {
    this.#count();
    return new TreeNode("element", name, namespace, attributes, "");
  }
  createCommentNode(): TreeNode {
    return COMMENT;
  }
  createTextNode(data: string): TreeNode {
    this.#count();
    return new TreeNode("text", "", "", [], data);
  }

  appendChild(parent: TreeNode, node: TreeNode): void {
    if (node.kind === "comment") return;
    node.parent = parent;
    node.previous = parent.last;
    node.next = undefined;
    if (parent.last === undefined) parent.first = node;
    else parent.last.next = node;
    parent.last = node;
  }
  insertBefore(parent: TreeNode, node: TreeNode, reference: TreeNode): void {
    if (node.kind === "comment") return;
    node.parent = parent;
    node.next = reference;
    node.previous = reference.previous;
    if (reference.previous === undefined) parent.first = node;
    else reference.previous.next = node;
    reference.previous = node;
  }
  detachNode(node: TreeNode): void {
    const { parent } = node;
    if (parent === undefined) return;
    if (node.previous === undefined) parent.first = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) parent.last = node.previous;
    else node.next.previous = node.previous;
    node.parent = undefined;
    node.previous = undefined;
    node.next = undefined;
  }
  insertText(parent: TreeNode, text: string): void {
    if (parent.last?.kind === "text") parent.last.data += text;
    else this.appendChild(parent, this.createTextNode(text));
  }
  insertTextBefore(parent: TreeNode, text: string, reference: TreeNode): void {
    if (reference.previous?.kind === "text") reference.previous.data += text;
    else this.insertBefore(parent, this.createTextNode(text), reference);
  }
  adoptAttributes(recipient: TreeNode, attributes: Token.Attribute[]): void {
    let known = this.#adopted.get(recipient);
    if (known === undefined) {
      known = new Set(recipient.attributes.map(({ name }) => name));
      this.#adopted.set(recipient, known);
    }
    for (const each of attributes) {
      if (known.has(each.name)) continue;
      known.add(each.name);
      recipient.attributes.push(each);
    }
  }
  setTemplateContent(template: TreeNode, content: TreeNode): void {
    template.content = content;
  }
  getTemplateContent(template: TreeNode): TreeNode {
    return template.content ?? template;
  }
  setDocumentType(): void {}
  setDocumentMode(_document: TreeNode, mode: names.DOCUMENT_MODE): void {
    this.#mode = mode;
  }
  getDocumentMode(): names.DOCUMENT_MODE {
    return this.#mode;
  }
  getFirstChild(node: TreeNode): TreeNode | null {
    return node.first ?? null;
  }
  getChildNodes(node: TreeNode): TreeNode[] {
    const children: TreeNode[] = [];
    for (let child = node.first; child !== undefined; child = child.next) children.push(child);
    return children;
  }
  getParentNode(node: TreeNode): TreeNode | null {
    return node.parent ?? null;
  }
  getAttrList(element: TreeNode): Token.Attribute[] {
    return element.attributes;
  }
  getTagName(element: TreeNode): string {
    return element.name;
  }
  getNamespaceURI(element: TreeNode): names.NS {
    return element.namespace as names.NS;
  }
  getTextNodeContent(node: TreeNode): string {
    return node.data;
  }
  getCommentNodeContent(node: TreeNode): string {
    return node.data;
  }
  getDocumentTypeNodeName(): string {
    return "";
  }
  getDocumentTypeNodePublicId(): string {
    return "";
  }
  getDocumentTypeNodeSystemId(): string {
    return "";
  }
  isTextNode(node: TreeNode): node is TreeNode {
    return node.kind === "text";
  }
  isCommentNode(node: TreeNode): node is TreeNode {
    return node.kind === "comment";
  }
  isDocumentTypeNode(_node: TreeNode): _node is TreeNode {
    return false;
  }
  isElementNode(node: TreeNode): node is TreeNode {
    return node.kind === "element";
  }
  setNodeSourceCodeLocation(): void {}
  getNodeSourceCodeLocation(): undefined {
    return undefined;
  }
  updateNodeSourceCodeLocation(): void {}
}
