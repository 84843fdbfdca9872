/**
 * The kinds of thing in the world, as the texts say them ("A fox is an animal."), and which name belongs to which.
 */

/** What a concept is: each reads as a noun after "a" or "an". */
export const GROUPS = [
  "animal",
  "plant",
  "fruit",
  "vegetable",
  "food",
  "drink",
  "person",
  "gesture",
  "body part",
  "face",
  "heart",
  "clothing item",
  "vehicle",
  "building",
  "place",
  "sky sight",
  "tool",
  "instrument",
  "toy",
  "sport item",
  "kitchen item",
  "machine",
  "symbol",
  "sign",
  "shape",
  "object",
] as const;

/** One of `GROUPS`. */
export type Group = (typeof GROUPS)[number];

/** The last words (or whole names) of each group that the icon set's own categories do not tell. */
const BY_LAST_WORD: readonly (readonly [Group, string])[] = [
  ["heart", "heart"],
  [
    "plant",
    "blossom bouquet cactus tree leaf clover herb hibiscus hyacinth lotus plant rose seedling shamrock sunflower tulip flower rosette mushroom",
  ],
  [
    "fruit",
    "apple avocado banana blueberries cherries coconut grapes kiwi lemon lime mango melon olive peach pear pineapple strawberry tangerine watermelon",
  ],
  [
    "vegetable",
    "beans broccoli carrot corn cucumber aubergine garlic lettuce onion pod potato turnip tomato pepper root salad",
  ],
  ["drink", "mug tea milk coffee whiskey wine mugs drink sake box glass"],
  ["kitchen item", "amphora bottle jar knife spoon teapot chopsticks plate bowl pot fork"],
  [
    "clothing item",
    "bikini briefs cap coat dress glasses gloves goggles helmet jeans kimono blouse sari scarf shoe boot hat shorts socks sunglasses swimsuit t-shirt flip-flop vest shoes tie suit shirt skate handbag backpack crown ring purse slipper headscarf bag",
  ],
  [
    "vehicle",
    "car plane ambulance lorry rickshaw bicycle train bus canoe truck ferry engine saucer helicopter scooter locomotive wheelchair metro minibus monorail boat motorcycle ship rocket sailboat skateboard speedboat taxi tractor tram trolleybus sled parachute satellite",
  ],
  [
    "building",
    "bank castle church tent temple store house houses hut kaaba factory hospital hotel lighthouse mosque building office school shrine stadium station synagogue tower fountain",
  ],
  [
    "place",
    "beach bridge site camping cityscape desert island spring landslide mountain fuji park volcano crossing slide festival city",
  ],
  [
    "sky sight",
    "cloud comet fog moon bolt meteor way night rainbow planet star snowflake snowman sun shower sunrise sunset tornado wind wave drop fire globe",
  ],
  [
    "tool",
    "axe saw clamp hammer wrench ladder screwdriver shovel magnet scissors compass broom plunger bucket toolbox needle pin hook key plug crutch",
  ],
  ["instrument", "accordion banjo drum flute guitar harp keyboard maracas saxophone trombone trumpet violin horn bell"],
  [
    "toy",
    "balloon kite pinata yo-yo bear dolls tile card joystick game die pawn piece popper firecracker pistol frisbee boomerang",
  ],
  [
    "sport item",
    "football ball baseball softball volleyball basketball badminton bowling glove hockey lacrosse pole skis tennis ping pong trophy medal stick bat net mask bullseye stone",
  ],
  [
    "machine",
    "battery camera computer radio telephone television printer machine laptop phone microscope telescope microphone speaker projector drive elevator thermometer stopwatch watch clock receiver loudspeaker mouse",
  ],
  ["shape", "circle square triangle diamond"],
  ["sign", "sign mark"],
];

const BY_CATEGORY: Readonly<Record<string, Group>> = {
  "Animals & Nature": "animal",
  "Food & Drink": "food",
  "Travel & Places": "object",
  Symbols: "symbol",
  Objects: "object",
  "People & Body": "person",
  "Smileys & Emotion": "face",
  Activities: "object",
  Flags: "object",
};

/** Categories whose things are told by the lists; the others are people, faces and animals as their category says. */
const OPEN = new Set(["Food & Drink", "Travel & Places", "Objects", "Activities", "Symbols"]);

const BODY =
  /^(bone|brain|ear|eye|eyes|foot|leg|lungs|mouth|nose|tongue|tooth|biting lip|human heart|fingerprint|hearing aid|muscle arm|mechanical (arm|leg)|pig nose|wing|feather|skull)$/;
const GESTURE = /\b(hand|hands|fist|fingers|finger|handshake|thumbs|salute)\b/;
const NO_FACE =
  /^(explosion|puff of air|dizzy|hole|love letter|speech balloon|thought balloon|sweat droplets|lipstick kiss|dust cloud|sleep sign|skull and crossbones|poo)$/;
const CREATURE = /^(alien|space invader|robot|ghost|goblin|ogre|purple devil|smiling devil)$/;
const NO_ANIMAL = /^(spider web|shell|bird nest|paw prints|microbe|coral)$/;

/** Names whose last word misleads. */
const EXCEPTIONS: readonly (readonly [Group, string])[] = [
  ["shape", "red ring,red triangle down"],
  ["symbol", "diamond suit,eight pointed star,star and crescent,ticked box,club,spade"],
  ["food", "rice ball,bento box,takeout box"],
  [
    "object",
    "money bag,ballot box,file box,cardboard box,credit card,crystal ball,confetti ball,mirror ball,barber pole,oil drum,shower,military medal",
  ],
  ["tool", "magnifying glass,butterfly net,pen,pencil,paintbrush,fountain pen,ruler,triangular ruler,crayon"],
  ["kitchen item", "clinking glasses"],
  ["gesture", "heart hands"],
  ["face", "heart-eyed face"],
  ["body part", "nail polish"],
  ["animal", "front chick"],
  ["sign", "bus stop,traffic light,horizontal traffic light"],
  ["machine", "siren light,fuel pump"],
  ["building", "ferris wheel,roller coaster,statue of liberty"],
  ["sky sight", "dark moon face,moon face"],
  ["food", "moon cake"],
];

/** The group of a named icon of one of the icon set's categories. */
export function groupOf(name: string, category: string): Group {
  const words = name.split(/ (?:with|behind|and|at) /)[0]!.split(" ");
  const last = words.at(-1)!;
  for (const [group, names] of EXCEPTIONS) if (names.split(",").includes(name)) return group;
  if (BODY.test(name)) return "body part";
  if (/\b(cat|monkey)\b/.test(name)) return "animal";
  if (/^heart\b|\bheart$/.test(name)) return "heart";
  if (category === "People & Body" && GESTURE.test(name)) return "gesture";
  if (category === "Smileys & Emotion") return NO_FACE.test(name) ? "symbol" : CREATURE.test(name) ? "person" : "face";
  if (category === "Animals & Nature") {
    if (NO_ANIMAL.test(name)) return "object";
    return BY_LAST_WORD[1]![1].split(" ").includes(last) ? "plant" : "animal";
  }
  if (OPEN.has(category)) for (const [group, list] of BY_LAST_WORD) if (list.split(" ").includes(last)) return group;
  return BY_CATEGORY[category] ?? "object";
}
