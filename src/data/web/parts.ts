/** What an element is to a reader: seen or not, block or words, the page's matter or its frame. */
import { attribute, type TreeNode } from "./tree.js";

/** Never read: code, controls, drawings, and what another file shows. */
const UNREAD = new Set(
  "script style template noembed noframes iframe object embed applet canvas svg audio video map frameset head link meta base dialog datalist select button textarea input progress meter option optgroup".split(
    " ",
  ),
);

/** Elements that stand in a line of words. All others are blocks. */
const INLINE = new Set(
  "a abbr acronym amp-img b bdi bdo big br center cite code data del dfn em font i img ins kbd label mark math noscript picture q rb rp rt ruby s samp small source span strike strong sub sup time tt u var wbr mi mn mo mrow msup msub mtext semantics".split(
    " ",
  ),
);

/** The frame of a page by its markup, and by the role that ARIA gives it. */
const FRAME = new Set(["nav", "aside", "menu"]);
const FRAME_ROLES = new Set(
  "navigation menu menubar complementary search banner contentinfo dialog alertdialog alert tooltip toolbar tablist".split(
    " ",
  ),
);

/** Words in class and id of what frames a page's matter. */
const FRAME_WORDS =
  /(?:^|[\s_-])(?:ads?|adbox|advert\w*|adsense|agegate|banner\w*|breadcrumbs?|byline|combx|comments?|commentlist|community|consent|contact|cookies?|copyright|cover-wrap|disqus\w*|extra|feedback|follow\w*|foot|footer\w*|footnav|gdpr|ie\d|legends?|like\w*|livefyre|login|masthead|menu\w*|meta|modal|nav\w*|newsletter\w*|optin|outbrain|pager|pagination|paywall|popup\w*|print|promo\w*|recirc\w*|recommend\w*|related\w*|remark|replies|reply|respond|rss|scroll\w*|share\w*|sharing|shopping|shoutbox|sidebar\w*|sign-?up|skip|skyscraper|social\w*|sponsor\w*|subscribe\w*|supplemental|syndication|taboola|tag-?cloud|tags|tool\w*|topbar|trending|widget\w*|yom-remote)(?=$|[\s_-])/;

/** Words in class and id of what is, or holds, the matter. */
const MATTER_WORDS =
  /(?:^|[\s_-])(?:article\w*|blog|body\w*|column|content\w*|entry\w*|h-?entry|hentry|main\w*|page|post\w*|prose|shadow|story\w*|text)(?=$|[\s_-])/;

/** Words with which a name is of no frame, whatever else is in it. */
const RESCUE_WORDS = /(?:^|[\s_-])(?:article\w*|body\w*|column|content\w*|main\w*|shadow|text)(?=$|[\s_-])/;

/** Buttons to pass a page on, which stand in the midst of matter too. */
const SHARE_WORDS = /(?:^|[\s_-])(?:share\w*|sharing|sharedaddy|social\w*|addthis\w*|follow-us|tweet-\w+)(?=$|[\s_-])/;

const HIDDEN_STYLE = /(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))/i;

/** What the names of an element say of it, each tested once a page. */
export interface NameSense {
  readonly frame: boolean;
  readonly matter: boolean;
  readonly share: boolean;
}

const SILENT: NameSense = { frame: false, matter: false, share: false };

/** The senses of all names of a page. */
export class Names {
  readonly #known = new Map<string, NameSense>();

  of(node: TreeNode): NameSense {
    let text = "";
    for (const { name, value } of node.attributes) if (name === "class" || name === "id") text += ` ${value}`;
    if (text === "") return SILENT;
    let sense = this.#known.get(text);
    if (sense === undefined) {
      const lower = text.slice(0, 1000).toLowerCase();
      sense = {
        frame: FRAME_WORDS.test(lower) && !RESCUE_WORDS.test(lower),
        matter: MATTER_WORDS.test(lower),
        share: SHARE_WORDS.test(lower),
      };
      this.#known.set(text, sense);
    }
    return sense;
  }
}

export function isInline(name: string): boolean {
  return INLINE.has(name);
}

/** Whether a reader's eye never meets the element. */
export function isUnseen(node: TreeNode): boolean {
  if (UNREAD.has(node.name)) return true;
  for (const { name, value } of node.attributes) {
    if (name === "hidden") return true;
    if (name === "style" && HIDDEN_STYLE.test(value)) return true;
    if (name === "aria-hidden" && value === "true") return !MATHS_FALLBACK.test(attribute(node, "class") ?? "");
  }
  return false;
}

/** Pictures of formulas are hidden from readers of screens, who have the formula. */
const MATHS_FALLBACK = /(?:^|\s)\S*fallback-image/;

/**
 * Whether markup or role make the element a part of the page's frame.
 * @param inMatter whether it stands in an `article`, `main` or `section`, whose header is no frame
 */
export function isFrame(node: TreeNode, inMatter: boolean): boolean {
  if (FRAME.has(node.name) || node.name === "footer") return true;
  if (node.name === "header") return !inMatter;
  const role = attribute(node, "role");
  return role !== undefined && FRAME_ROLES.has(role);
}
