/**
 * Whether a text is English, from its commonest words: half of English prose is a few dozen words that hardly occur in other
 * languages. No model, no tables of letters; `docs/decisions/english-by-small-words.md` has what it was measured to do.
 */

/** By what a text is taken for English. */
export interface LanguageRules {
  /** The least `score` of an English text. */
  readonly minScore: number;
}

export const ENGLISH: LanguageRules = { minScore: 0.1 };

export interface LanguageMeasure {
  /** Evidence for English less that against it, a word; English prose has 0.3 to 0.6, other languages less than 0. */
  readonly score: number;
  /** Words of Latin letters the evidence is of. */
  readonly words: number;
}

/** Small words of English that are rare in other languages of Latin letters. */
const OURS = new Set(
  (
    "the of and that is was for with his they this have from had not are but what were when your can said there each which their will about " +
    "then them would these some her him has two could other than first been who its now people my made over did down only way find use may " +
    "water long little very after words called just where most know get through back much before our any same tell does another well because " +
    "such here why went men read need different if you we it by be how should being while those it's don't i'm she into out up two never yes " +
    "every under many few more both against between during shall everyone own upon whether without within nothing something always right"
  ).split(" "),
);

/** Small words that English shares with others, which say less. */
const SHARED = new Set(
  "a in to he at on or as i an so no do all me us am one go see man day time has had new like make".split(" "),
);

/** Small words of the other languages of Latin letters most written on the web; none is a common word of English. */
const THEIRS = new Set(
  // German, Dutch, Afrikaans, the North; French, Spanish, Portuguese, Italian, Catalan, Romanian; West and South Slavic, Baltic;
  // Hungarian, Finnish, Estonian, Turkish; Indonesian, Vietnamese, Tagalog, Swahili; Latin, Esperanto, Celtic.
  (
    "der und das ist nicht ein eine zu den mit auf für von dem sich des auch werden wird wie oder hat als aus sind nach bei einer einem im zum " +
    "het een van dat niet zijn voor met op te er aan ook maar naar ons ze wij wordt heeft nie vir och att det som på är av för den til med ikke " +
    "jeg ikkje og af har om han hun var ett ska kan eller ekki við sem það le la les et un une des du que qui dans pour pas sur est ce il ne sont " +
    "avec au aux par plus mais ou nous vous leur cette el los las en una por para con del se lo como más su sus al es esta todo toda pero si ha o " +
    "os da em não uma com dos das na ao mais seu sua pelo di che è e per non sono della nel alla dei gli i le anche questo più ed amb els i és dels " +
    "și în pe cu sau sunt care din la nu ca ale w z na do się nie jest że od przez co jak po za są ma a je v se na že si s k ve pro jako by u od ale " +
    "ki az és hogy nem egy van meg ez is ja on ei se että oli ovat kun ta ning mis see bir ve bu için ile da de olarak olan her yang dan di untuk " +
    "dengan ini dari pada tidak itu adalah và là của có không cho được trong một các những ang ng mga sa ay na kung ni ya wa kwa katika la za cha " +
    "et in est non ad cum ut sed kaj estas ne en al ĝi agus tá an na ar ac yn mae ei un ir kas uz no lai par tai kad su iš į nuo je da li ili nego " +
    "ou ki yo nan ak pou hin ku mid ka oo iyo waa uu leh mu nga ne ku ba kuma ga su ko lub ua rau tus yog cov"
  )
    .split(" ")
    .filter((word) => !OURS.has(word) && !SHARED.has(word)),
);

/** Endings that English words have. */
const OUR_ENDINGS = /(?:ing|tion|tions|ness|ght|ck|sh|ould|ious|ful|ly|ed|ies|ers|ty|th|'s|n't)$/;

/** Evidence of a word by what it is. */
const WEIGHT = { ours: 1, shared: 0.25, theirs: -0.8, foreignLetters: -0.8, ending: 0.3 };

/** How English a text is. */
export function measureEnglish(text: string): LanguageMeasure {
  let sum = 0;
  let words = 0;
  let others = 0;
  for (const [word] of text
    .toLowerCase()
    .replaceAll("’", "'")
    .matchAll(/[\p{L}\p{M}]+(?:'\p{L}+)?/gu)) {
    if (!/^\p{Script=Latin}/u.test(word)) {
      // A run of letters without spaces is a sentence in some scripts.
      others += Math.max(1, word.length / 3);
      continue;
    }
    // Letters alone are the names of variables; only "a" and "I" are words.
    if (word.length === 1 && /[b-hj-z]/.test(word)) continue;
    words += 1;
    sum += weightOf(word);
  }
  const all = words + others;
  return { score: all === 0 ? 0 : (sum - others) / all, words };
}

function weightOf(word: string): number {
  if (OURS.has(word)) return WEIGHT.ours;
  if (SHARED.has(word)) return WEIGHT.shared;
  if (THEIRS.has(word)) return WEIGHT.theirs;
  if (/[^a-z']/.test(word)) return WEIGHT.foreignLetters;
  return word.length > 3 && OUR_ENDINGS.test(word) ? WEIGHT.ending : 0;
}

/** Whether a text is English by the rules. */
export function isEnglish(text: string, { minScore }: LanguageRules = ENGLISH): boolean {
  return measureEnglish(text).score >= minScore;
}
