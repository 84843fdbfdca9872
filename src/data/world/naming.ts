/**
 * From icon names to things with English names: which of Noto's icons are concepts of the world, what each is called, and
 * which of them are variants of one thing.
 *
 * The rules run when the table is made (`make-concepts.ts`), not when it is read.
 */

/** Icons that are never a concept: skin tones and genders of another icon, flags, clocks, and whatever turning or mirroring confuses. */
const LEFT_OUT =
  /skin-tone|tone\d|^(wo)?man-|^(wo)?men-|^family|^kiss(-(wo)?man|$)|^couple-with-heart|oclock|thirty|^letter-|arrow|button|japanese-(?!dolls|castle|post)|^input-|track|facing|pushing|^leftwards|^rightwards|index-point|flag|^(mx|mrs)-|-hair$|^deaf-|^person-with-(white|veil)|^person-in-.*wheelchair|^keycap|^head-shaking|tilted|blood-type|-small-|medium-square|^on-|^input|^(left|right)-/;

/** Icons that the rule above takes out but that are things of their own. */
const KEPT = new Set([
  "man-dancing",
  "woman-dancing",
  "woman-with-headscarf",
  "railway-track",
  "bow-and-arrow",
  "heart-with-arrow",
  "black-large-square",
  "white-large-square",
  "magnifying-glass-tilted-left",
  "pirate-flag",
  "chequered-flag",
  "triangular-flag",
]);

/** Icons without a good short name, or that look like another one at a glance. */
const DROPPED = new Set(
  `anger-symbol antenna-bars atm-sign baby-symbol bell-with-slash bust-in-silhouette busts-in-silhouette card-index
  card-index-dividers chart-increasing-with-yen circled-m copyright currency-exchange customs dotted-six-pointed-star
  double-curly-loop end-arrow exclamation-question-mark face-without-mouth female-sign file-cabinet globe-with-meridians
  globe-showing-asia-australia globe-showing-europe-africa hundred-points identification-card inbox-tray outbox-tray
  incoming-envelope information kiss large-orange-diamond ledger left-luggage male-sign map-of-japan mens-room womens-room
  mobile-phone-off money-with-wings mobile-phone-with-arrow name-badge no-littering no-mobile-phones no-one-under-eighteen
  notebook-with-decorative-cover oncoming-automobile oncoming-bus oncoming-police-car oncoming-taxi p-button
  part-alternation-mark passport-control person-in-suit-levitating person-standing person-tipping-hand person-wearing-turban
  person-with-skullcap pouring-liquid pregnant-man pregnant-woman registered restroom small-orange-diamond small-blue-diamond
  speaker-low-volume speaker-medium-volume spiral-notepad sun-behind-large-cloud sun-behind-small-cloud trade-mark
  transgender-symbol transgender-flag unknown-flag vibration-mode water-closet wavy-dash wheelchair-symbol wireless
  locked-with-pen face-in-clouds relieved-face pensive-face anguished-face hushed-face downcast-face-with-sweat
  grinning-face-with-smiling-eyes smiling-face-with-smiling-eyes face-with-open-eyes-and-hand-over-mouth
  kissing-face-with-closed-eyes kissing-face-with-smiling-eyes frowning-face-with-open-mouth grinning-cat-with-smiling-eyes
  sad-but-relieved-face anxious-face-with-sweat face-with-symbols-on-mouth right-anger-bubble left-speech-bubble
  eye-in-speech-bubble heart-suit heart-decoration curly-loop breast-feeding person-feeding-baby selfie non-potable-water
  litter-in-bin-sign baggage-claim people-holding-hands woman-and-man-holding-hands hand-with-index-finger-and-thumb-crossed
  closed-mailbox-with-lowered-flag open-mailbox-with-lowered-flag person-gesturing-no person-gesturing-ok cityscape-at-dusk
  sunrise-over-mountains hourglass-done new-moon satellite-antenna-2 first-quarter-moon-face last-quarter-moon-face
  waxing-gibbous-moon waning-gibbous-moon waxing-crescent-moon waning-crescent-moon sparkle o-button cinema vs-button
  envelope-with-arrow flat-shoe womans-sandal person-bouncing-ball person-cartwheeling palms-up-together palm-up-hand
  palm-down-hand raised-back-of-hand medical-symbol love-you-gesture heavy-equals-sign diamond-with-a-dot white-exclamation-mark
  white-question-mark page-facing-up bookmark-tabs train railway-car high-speed-train speaking-head mountain-cableway
  suspension-railway light-rail tram-car umbrella-with-rain-drops closed-umbrella dim warning-sign tear-off-calendar
  person-pouting person-raising-hand mending-heart two-hearts revolving-hearts heart-exclamation om khanda
  dotted-line-face slightly-frowning-face grinning-face-with-sweat weary-cat pouting-cat cat-with-wry-smile face-exhaling
  cloud-with-lightning-and-rain snowman-without-snow motorway racing-car-2 desert-island-2 oncoming-fist footprints foggy
  cyclone no-pedestrians children-crossing place-of-worship eight-spoked-asterisk family ophiuchus white-cane linked-paperclips
  sound medium first-quarter-moon fleur-de-lis chequered receipt label link placard pager closed-book-2 e-mail
  merperson middle-finger pick dagger hammer-and-pick musical-score trackball film-frames optical-disk empty-nest ewe baby-angel`.split(
    /\s+/,
  ),
);

/** Names that say what is seen better than the icon's own name does. */
const RENAMED: Readonly<Record<string, string>> = Object.fromEntries(
  `1st-place-medal:gold medal,2nd-place-medal:silver medal,3rd-place-medal:bronze medal,admission-tickets:theatre ticket,
  american-football:football,carp-streamer:carp kite,christmas-tree:christmas tree,club-suit:club,diamond-suit:diamond suit,
  spade-suit:spade,pool-8-ball:billiard ball,reminder-ribbon:awareness ribbon,rugby-football:rugby ball,cricket-game:cricket bat,
  flower-playing-cards:playing card,japanese-dolls:pair of dolls,martial-arts-uniform:judo suit,moon-viewing-ceremony:moon festival,
  mahjong-red-dragon:mahjong tile,field-hockey:hockey stick,pinata:pinata,tanabata-tree:wish tree,performing-arts:theatre masks,
  bug:caterpillar,baby-chick:chick,front-facing-baby-chick:front chick,boar:wild boar,sauropod:long-necked dinosaur,
  blowfish:pufferfish,lady-beetle:ladybug,honeybee:bee,leaf-fluttering-in-wind:green leaf,nest-with-eggs:bird nest,
  spouting-whale:spouting whale,t-rex:t-rex,two-hump-camel:two-humped camel,sheaf-of-rice:rice plant,spiral-shell:shell,
  beverage-box:juice box,bottle-with-popping-cork:champagne bottle,cup-with-straw:soft drink,cut-of-meat:steak,ear-of-corn:corn,
  fish-cake-with-swirl:fish cake,fork-and-knife-with-plate:dinner plate,glass-of-milk:glass of milk,hot-beverage:cup of coffee,
  hot-pepper:chili pepper,kiwi-fruit:kiwi,leafy-green:lettuce,meat-on-bone:meat on a bone,poultry-leg:chicken leg,
  pot-of-food:pot of food,root-vegetable:turnip,roasted-sweet-potato:sweet potato,shallow-pan-of-food:pan of paella,
  soft-ice-cream:ice cream cone,ice-cream:bowl of ice cream,teacup-without-handle:cup of tea,tumbler-glass:glass of whiskey,
  cooked-rice:bowl of rice,curry-rice:curry,cooking:fried egg,bowl-with-spoon:bowl,wine-glass:glass of wine,mate:mate gourd,
  ballot-box-with-ballot:ballot box,balance-scale:scales,bar-chart:bar chart,billed-cap:cap,jack-o-lantern:pumpkin lantern,yo-yo:yo-yo,t-shirt:t-shirt,nut-and-bolt:nut and bolt,high-heeled-shoe:high-heeled shoe,dna:dna strand,camera-with-flash:flash camera,
  card-file-box:file box,chart-decreasing:falling chart,chart-increasing:rising chart,closed-book:red book,
  closed-mailbox-with-raised-flag:closed mailbox,open-mailbox-with-raised-flag:open mailbox,clutch-bag:clutch bag,
  computer-disk:minidisc,couch-and-lamp:couch,diya-lamp:oil lamp,dollar-banknote:dollar bill,pound-banknote:pound note,
  euro-banknote:euro note,yen-banknote:yen note,drop-of-blood:drop of blood,dvd:compact disc,e-mail:email,
  electric-plug:plug,folding-hand-fan:hand fan,hair-pick:afro comb,headphone:headphones,hammer-and-wrench:hammer and wrench,
  locked:closed padlock,unlocked:open padlock,locked-with-key:padlock and key,low-battery:empty battery,
  magnifying-glass-tilted-left:magnifying glass,mans-shoe:brown shoe,money-bag:money bag,muted-speaker:muted speaker,
  nazar-amulet:nazar amulet,necktie:shirt and tie,net-with-handle:butterfly net,old-key:old key,one-piece-swimsuit:swimsuit,
  page-with-curl:sheet of paper,postal-horn:horn,rescue-workers-helmet:rescue helmet,roll-of-paper:toilet roll,
  round-pushpin:map pin,speaker-high-volume:speaker,spiral-calendar:spiral calendar,straight-ruler:ruler,
  thong-sandal:flip-flop,womans-boot:boot,womans-clothes:blouse,womans-hat:straw hat,x-ray:x-ray,
  wastebasket:waste basket,package:cardboard box,memo:note and pencil,graduation-cap:graduation cap,film-projector:film projector,
  anatomical-heart:human heart,backhand-index-pointing-up:finger,call-me-hand:call me hand,flexed-biceps:muscle arm,
  hand-with-fingers-splayed:spread hand,index-pointing-at-the-viewer:pointing hand,older-person:old person,
  crossed-fingers:crossed fingers,ear-with-hearing-aid:hearing aid,sign-of-the-horns:rock hand,open-hands:open hands,
  person-in-bed:person in bed,person-in-steamy-room:person in a sauna,person-in-tuxedo:person in a tuxedo,
  person-getting-haircut:haircut,person-getting-massage:massage,person-lifting-weights:weight lifter,person-golfing:golfer,
  person-biking:cyclist,person-mountain-biking:mountain biker,person-climbing:climber,person-running:runner,
  person-swimming:swimmer,person-surfing:surfer,person-juggling:juggler,person-rowing-boat:rower,person-fencing:fencer,
  person-walking:walker,person-kneeling:kneeling person,person-bowing:bowing person,person-shrugging:shrugging person,
  person-frowning:frowning person,person-facepalming:facepalming person,person-beard:bearded person,person-bald:bald person,
  person-in-lotus-position:yoga person,person-playing-handball:handball player,person-playing-water-polo:water polo player,
  person-taking-bath:person in a bath,person-with-crown:person with a crown,people-with-bunny-ears:bunny dancers,
  people-wrestling:wrestlers,people-hugging:hugging people,man-dancing:dancing man,woman-dancing:dancing woman,
  woman-with-headscarf:woman in a headscarf,pregnant-person:pregnant person,santa-claus:santa claus,horse-racing:jockey,
  health-worker:doctor,mage:wizard,cook:chef,alien-monster:space invader,
  beaming-face-with-smiling-eyes:beaming face,collision:explosion,dashing-away:puff of air,
  face-holding-back-tears:tearful face,face-savoring-food:yummy face,face-screaming-in-fear:screaming face,
  face-with-bags-under-eyes:exhausted face,face-with-crossed-out-eyes:dead face,face-with-diagonal-mouth:skeptical face,
  face-with-hand-over-mouth:giggling face,face-with-head-bandage:bandaged face,face-with-medical-mask:masked face,
  face-with-monocle:monocle face,face-with-open-mouth:surprised face,face-with-peeking-eye:peeking face,
  face-with-raised-eyebrow:doubting face,face-with-rolling-eyes:eye-rolling face,face-with-spiral-eyes:dazed face,
  face-with-steam-from-nose:huffing face,face-with-tears-of-joy:laughing face,face-with-thermometer:sick face,
  face-with-tongue:cheeky face,face-vomiting:vomiting face,face-blowing-a-kiss:kiss-blowing face,fight-cloud:dust cloud,
  grinning-face-with-big-eyes:happy face,angry-face-with-horns:purple devil,smiling-face-with-horns:smiling devil,
  rolling-on-the-floor-laughing:rolling face,exploding-head:exploding head,smiling-face-with-halo:angel face,
  smiling-face-with-heart-eyes:heart-eyed face,smiling-face-with-hearts:loving face,smiling-face-with-open-hands:hugging face,
  smiling-face-with-sunglasses:cool face,smiling-face-with-tear:touched face,smiling-cat-with-heart-eyes:heart-eyed cat,
  cat-with-tears-of-joy:laughing cat,squinting-face-with-tongue:squinting tongue face,winking-face-with-tongue:winking tongue face,
  hear-no-evil-monkey:hear no evil monkey,see-no-evil-monkey:see no evil monkey,speak-no-evil-monkey:speak no evil monkey,
  pile-of-poo:poo,star-struck:starry-eyed face,zzz:sleep sign,kiss-mark:lipstick kiss,cowboy-hat-face:cowboy face,
  large-blue-diamond:blue diamond,gem-stone:gem,black-large-square:black square,white-large-square:white square,
  hollow-red-circle:red ring,heavy-dollar-sign:dollar sign,check-box-with-check:ticked box,no-bicycles:no bicycles sign,
  no-entry:no entry sign,no-smoking:no smoking sign,prohibited:prohibited sign,potable-water:water tap sign,
  red-triangle-pointed-down:red triangle down,red-triangle-pointed-up:red triangle,plus:plus sign,minus:minus sign,
  multiply:times sign,divide:division sign,infinity:infinity sign,radioactive:radioactive sign,biohazard:biohazard sign,
  warning:warning sign,yin-yang:yin yang,star-and-crescent:star and crescent,red-exclamation-mark:exclamation mark,
  red-question-mark:question mark,double-exclamation-mark:double exclamation mark,splatter:splash of colour,
  airplane-arrival:landing plane,airplane-departure:departing plane,airplane:plane,small-airplane:small plane,
  articulated-lorry:lorry,automobile:car,beach-with-umbrella:beach,bridge-at-night:bridge,building-construction:building site,
  construction:barrier,classical-building:temple,cloud-with-lightning:thunder cloud,cloud-with-rain:rain cloud,
  cloud-with-snow:snow cloud,desert-island:island,globe-showing-americas:globe,high-voltage:lightning bolt,
  horizontal-traffic-light:horizontal traffic light,vertical-traffic-light:traffic light,hot-springs:hot spring,
  hourglass-not-done:hourglass,house-with-garden:house with a garden,mantelpiece-clock:mantel clock,
  motorized-wheelchair:electric wheelchair,manual-wheelchair:wheelchair,night-with-stars:starry night,police-car-light:siren light,
  snow-capped-mountain:snowy mountain,sport-utility-vehicle:off-road car,mountain-railway:mountain train,ringed-planet:planet,
  sun-behind-cloud:sun behind a cloud,sun-behind-rain-cloud:sun shower,umbrella-on-ground:beach umbrella,water-wave:wave,
  wind-face:wind,wood:log,aerial-tramway:cable car,derelict-house:ruined house,droplet:water drop,
  last-quarter-moon:half moon,new-moon-face:dark moon face,full-moon-face:moon face,flying-disc:frisbee,running-shirt:running shirt,
  clinking-beer-mugs:clinking mugs,clinking-glasses:clinking glasses,rice-cracker:rice cracker,light-blue-heart:light blue heart,
  satellite-antenna:satellite dish,bow-and-arrow:bow and arrow,cross-mark:red cross,check-mark:check mark,baguette-bread:baguette,
  adhesive-bandage:bandage,doughnut:donut,glowing-star:glowing star,eggplant:aubergine,black-nib:pen nib`
    .split(",")
    .map((pair) => pair.trim().split(":") as [string, string]),
);

const ZODIAC = /^(aquarius|aries|cancer|capricorn|gemini|leo|libra|pisces|sagittarius|scorpio|taurus|virgo)$/;

/** The English name of an icon, or undefined when it is no concept of the world. */
export function nameOf(icon: string): string | undefined {
  if (DROPPED.has(icon) || (LEFT_OUT.test(icon) && !KEPT.has(icon))) return undefined;
  if (ZODIAC.test(icon)) return `${icon} sign`;
  return RENAMED[icon] ?? icon.replaceAll("-", " ").replace(/^person /, "");
}

/** Words that name the family wherever they stand in a name; the first that fits wins. */
const STEMS =
  /\b(cat|dog|puppy|poodle|monkey|heart|moon|mailbox|padlock|chart|traffic light|tiger|pig|bear|sun|globe|snowman|book|chick|chicken|rooster|camel|whale|sheep|frog|cloud|devil|mermaid|merman|mouse|rabbit|house|notebook|plane|bell|wheelchair|clock|medal|umbrella|diamond|triangle|star|train|tooth|ice cream|potato|pepper|rice|globe|banknote|bill|note)s?\b/;

const SAME_FAMILY: Readonly<Record<string, string>> = {
  puppy: "dog",
  poodle: "dog",
  merman: "mermaid",
  bill: "note",
  rooster: "chicken",
  chick: "chicken",
  ox: "cow",
  buffalo: "cow",
  donut: "doughnut",
  coach: "bus",
  trolleybus: "bus",
  minibus: "bus",
  motorcycle: "scooter",
  scooter: "scooter",
  taxi: "car",
  automobile: "car",
  ambulance: "van",
  lorry: "truck",
  tram: "train",
  metro: "train",
  locomotive: "train",
  monorail: "train",
  dinosaur: "dinosaur",
  "t-rex": "dinosaur",
  turtle: "turtle",
  tortoise: "turtle",
  tulip: "flower",
  toad: "frog",
  joker: "card",
  tangerine: "orange",
  lemon: "lemon",
  lime: "lemon",
  leopard: "tiger",
  horse: "horse",
  unicorn: "horse",
  zebra: "horse",
  donkey: "horse",
  kimono: "kimono",
  biker: "cyclist",
  bicycle: "bicycle",
  ferry: "ship",
  speedboat: "boat",
  sailboat: "boat",
  wizard: "wizard",
  glasses: "glasses",
  goggles: "glasses",
  sunglasses: "glasses",
  goat: "goat",
  ram: "goat",
  bee: "bee",
  sunrise: "sunset",
  telephone: "phone",
  receiver: "phone",
  softball: "baseball",
  shoe: "shoe",
  boot: "shoe",
  mug: "mug",
  mugs: "mug",
};

/** Words that say how a thing looks or feels and never which thing it is. */
const TRAILING = /( face| head| sign| symbol| mark| down| medium)+$/;

/**
 * The family of a name: variants of one thing share it, so that holding out a family holds out the thing.
 * The rule: a stem such as "cat" or "heart" wherever it stands; otherwise the words before a preposition, without a
 * trailing "face", "sign" and the like; the last of them; its singular. All yellow smileys are the family "face".
 *
 * @param group  the concept's group: faces are told by it.
 */
export function familyOf(name: string, group: string): string {
  const stem = STEMS.exec(name)?.[1];
  if (stem) return SAME_FAMILY[stem] ?? stem;
  if (group === "face") return "face";
  const head = name.split(/ (?:with|without|in|on|of|behind|and|at) /);
  const whole = /^(glass|cup|bowl|pot|pan|drop|puff|sheet|pair|splash) of /.test(name) ? name : head[0]!;
  const last = whole.replace(TRAILING, "").split(" ").at(-1)!;
  const singular = last.replace(/([^s])s$/, "$1");
  return SAME_FAMILY[last] ?? SAME_FAMILY[singular] ?? singular;
}
