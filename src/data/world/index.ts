/**
 * The world that nano is trained in: emoji things drawn on many grounds, English that speaks of them, handwriting without
 * names. A sampler makes a `ScenePage`; `illustrate` draws it, `describe` tells it in words.
 */
export { type Artwork, type ArtworkOptions, openArtwork } from "./artwork.js";
export {
  BINDING_FORMS,
  type BindingEpisode,
  type BindingItem,
  type BindingOptions,
  bindingEpisode,
  type Nameable,
} from "./binding.js";
export { type CaptionOptions, captionPair, captionScene, captionText, contents } from "./captions.js";
export { drawSprite, type Placement, placeThings, renderScene } from "./compose.js";
export { type Concept, conceptOf, concepts, fnv1a, heldOut, heldOutConcepts, knownConcepts } from "./concepts.js";
export { anyPage, corpusForTokenizer, PAGE_SHARES } from "./corpus.js";
export { GROUPS, type Group } from "./grouping.js";
export { examplesPage, interleavedPage } from "./interleaved.js";
export { article, countable, nounPhrase, plural, withArticle } from "./nouns.js";
export { type Character, type Handwriting, type NamedCharacter, openOmniglot } from "./omniglot.node.js";
export {
  type DescribeOptions,
  describe,
  describeScene,
  illustrate,
  type PagePiece,
  type ScenePage,
  scenesOf,
  type Tell,
  thingsOf,
} from "./pages.js";
export { COLOUR_NAMES, type ColourName, PALETTE } from "./palette.js";
export {
  QUESTION_KINDS,
  type QuestionKind,
  type QuestionOptions,
  type QuestionPair,
  questionPair,
} from "./questions.js";
export { backgroundFor, differentConcepts, otherConcept, sceneOf, type WorldOptions } from "./sampling.js";
export { BACKGROUND_KINDS, type Background, type BackgroundKind, countOf, type Scene, type Thing } from "./scene.js";
export { makeSprite, type Sprite, type Sprites } from "./sprites.js";
export { textPage } from "./stories.js";
export { heldOutWord, inventedWord, inventedWords } from "./words.js";
