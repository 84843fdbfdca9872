/** Made by make-concepts.ts; id|name|family|group|colours. */
export const CONCEPT_ROWS = `
1st-place-medal|gold medal|medal|sport item|yellow blue
2nd-place-medal|silver medal|medal|sport item|grey blue
3rd-place-medal|bronze medal|medal|sport item|orange blue
abacus|abacus|abacu|object|brown red
accordion|accordion|accordion|instrument|red brown
adhesive-bandage|bandage|bandage|object|white!
admission-tickets|theatre ticket|ticket|object|red!
aerial-tramway|cable car|car|vehicle|grey white
airplane-arrival|landing plane|plane|vehicle|grey!
airplane-departure|departing plane|plane|vehicle|grey!
airplane|plane|plane|vehicle|blue grey
alarm-clock|alarm clock|clock|machine|white red
alembic|alembic|alembic|object|blue
alien-monster|space invader|invader|person|purple!
alien|alien|alien|person|grey! brown
ambulance|ambulance|van|vehicle|white
american-football|football|football|sport item|red
amphora|amphora|amphora|kitchen item|red brown
anatomical-heart|human heart|heart|body part|red!
anchor|anchor|anchor|object|grey!
angry-face-with-horns|purple devil|devil|person|purple!
angry-face|angry face|face|face|yellow!
ant|ant|ant|animal|grey! black
aquarius|aquarius sign|aquariu|sign|purple!
aries|aries sign|arie|sign|red!
articulated-lorry|lorry|truck|vehicle|white grey
artist-palette|artist palette|palette|object|orange!
artist|artist|artist|person|
astonished-face|astonished face|face|face|yellow!
astronaut|astronaut|astronaut|person|grey
atom-symbol|atom symbol|atom|symbol|purple!
auto-rickshaw|auto rickshaw|rickshaw|vehicle|green yellow
automobile|car|car|vehicle|red
avocado|avocado|avocado|fruit|yellow!
axe|axe|axe|tool|orange red
baby-bottle|baby bottle|bottle|kitchen item|white
baby-chick|chick|chicken|animal|yellow!
baby|baby|baby|person|yellow!
backpack|backpack|backpack|clothing item|red!
bacon|bacon|bacon|food|red
badger|badger|badger|animal|grey black
badminton|badminton|badminton|sport item|grey blue
bagel|bagel|bagel|food|orange!
baguette-bread|baguette|baguette|food|orange!
balance-scale|scales|scale|object|blue!
ballet-dancer|ballet dancer|dancer|person|yellow!
ballet-shoes|ballet shoes|shoe|clothing item|brown!
balloon|balloon|balloon|toy|red!
ballot-box-with-ballot|ballot box|box|object|blue!
banana|banana|banana|fruit|brown orange
banjo|banjo|banjo|instrument|brown white
bank|bank|bank|building|grey white
bar-chart|bar chart|chart|object|white!
barber-pole|barber pole|pole|object|grey white
baseball|baseball|baseball|sport item|white!
basketball|basketball|basketball|sport item|red!
basket|basket|basket|object|orange!
bathtub|bathtub|bathtub|object|white grey
battery|battery|battery|machine|green!
bat|bat|bat|animal|brown!
beach-with-umbrella|beach|beach|place|orange red
beaming-face-with-smiling-eyes|beaming face|face|face|yellow!
beans|beans|bean|vegetable|red!
bear|bear|bear|animal|brown!
beating-heart|beating heart|heart|heart|pink!
beaver|beaver|beaver|animal|brown!
bed|bed|bed|object|blue brown
beer-mug|beer mug|mug|drink|white orange
beetle|beetle|beetle|animal|green!
bell-pepper|bell pepper|bell|vegetable|green!
bellhop-bell|bellhop bell|bell|instrument|yellow brown
bell|bell|bell|instrument|yellow!
bento-box|bento box|box|food|
beverage-box|juice box|box|drink|green!
bicycle|bicycle|bicycle|vehicle|grey blue
bikini|bikini|bikini|clothing item|red!
billed-cap|cap|cap|clothing item|blue!
biohazard|biohazard sign|biohazard|sign|yellow!
bird|bird|bird|animal|blue!
birthday-cake|birthday cake|cake|food|brown orange
bison|bison|bison|animal|brown!
biting-lip|biting lip|lip|body part|pink!
black-bird|black bird|bird|animal|black!
black-cat|black cat|cat|animal|black!
black-circle|black circle|circle|shape|black!
black-heart|black heart|heart|heart|black!
black-large-square|black square|square|shape|black!
black-nib|pen nib|nib|object|grey black
blossom|blossom|blossom|plant|yellow!
blowfish|pufferfish|pufferfish|animal|brown!
blue-book|blue book|book|object|blue!
blue-circle|blue circle|circle|shape|blue!
blue-heart|blue heart|heart|heart|blue!
blue-square|blue square|square|shape|blue!
blueberries|blueberries|blueberrie|fruit|blue!
boar|wild boar|boar|animal|brown!
bomb|bomb|bomb|object|black!
bone|bone|bone|body part|brown!
bookmark|bookmark|bookmark|object|red!
books|books|book|object|green grey
boomerang|boomerang|boomerang|toy|grey red
bottle-with-popping-cork|champagne bottle|bottle|kitchen item|green orange
bouquet|bouquet|bouquet|plant|green
bow-and-arrow|bow and arrow|bow|object|brown grey
bowl-with-spoon|bowl|bowl|kitchen item|blue!
bowling|bowling|bowling|sport item|white grey
boxing-glove|boxing glove|glove|sport item|red!
boy|boy|boy|person|brown yellow
brain|brain|brain|body part|pink!
bread|bread|bread|food|orange brown
brick|brick|brick|object|red!
bridge-at-night|bridge|bridge|place|blue red
briefcase|briefcase|briefcase|object|brown!
briefs|briefs|brief|clothing item|blue!
broccoli|broccoli|broccoli|vegetable|green!
broken-chain|broken chain|chain|object|grey!
broken-heart|broken heart|heart|heart|red!
broom|broom|broom|tool|yellow! red
brown-circle|brown circle|circle|shape|brown!
brown-heart|brown heart|heart|heart|brown!
brown-mushroom|brown mushroom|mushroom|plant|brown!
brown-square|brown square|square|shape|brown!
bubble-tea|bubble tea|tea|drink|brown
bubbles|bubbles|bubble|object|blue white
bucket|bucket|bucket|tool|blue!
bug|caterpillar|caterpillar|animal|green!
building-construction|building site|site|place|orange!
bullet-train|bullet train|train|vehicle|white blue
bullseye|bullseye|bullseye|sport item|red white
burrito|burrito|burrito|food|grey brown
bus-stop|bus stop|stop|sign|grey
bus|bus|bu|vehicle|black white
butterfly|butterfly|butterfly|animal|blue black
butter|butter|butter|food|yellow!
cactus|cactus|cactu|plant|green!
calendar|calendar|calendar|object|white red
call-me-hand|call me hand|hand|gesture|yellow!
camel|camel|camel|animal|orange!
camera-with-flash|flash camera|camera|machine|grey black
camera|camera|camera|machine|grey black
camping|camping|camping|place|green orange
cancer|cancer sign|cancer|sign|yellow!
candle|candle|candle|object|white grey
candy|candy|candy|food|white pink
canned-food|canned food|food|food|yellow
canoe|canoe|canoe|vehicle|red orange
capricorn|capricorn sign|capricorn|sign|purple!
card-file-box|file box|box|object|black
carousel-horse|carousel horse|horse|object|white
carp-streamer|carp kite|kite|toy|blue
carpentry-saw|carpentry saw|saw|tool|white orange
carrot|carrot|carrot|vegetable|green orange
castle|castle|castle|building|grey!
cat-face|cat face|cat|animal|yellow!
cat-with-tears-of-joy|laughing cat|cat|animal|yellow!
cat|cat|cat|animal|yellow!
chains|chains|chain|object|grey!
chair|chair|chair|object|brown orange
chart-decreasing|falling chart|chart|object|white!
chart-increasing|rising chart|chart|object|white!
check-box-with-check|ticked box|box|symbol|grey!
check-mark|check mark|check|sign|grey!
cheese-wedge|cheese wedge|wedge|food|yellow!
chequered-flag|chequered flag|flag|object|black white
cherries|cherries|cherrie|fruit|red green
cherry-blossom|cherry blossom|blossom|plant|pink!
chess-pawn|chess pawn|pawn|toy|grey! black
chestnut|chestnut|chestnut|food|brown red
chicken|chicken|chicken|animal|white red
child|child|child|person|brown yellow
chipmunk|chipmunk|chipmunk|animal|brown!
chocolate-bar|chocolate bar|bar|food|brown red
chopsticks|chopsticks|chopstick|kitchen item|red!
christmas-tree|christmas tree|tree|plant|green!
church|church|church|building|grey white
cigarette|cigarette|cigarette|object|grey!
circus-tent|circus tent|tent|building|red orange
cityscape|cityscape|cityscape|place|blue!
clamp|clamp|clamp|tool|grey! blue
clapper-board|clapper board|board|object|black!
clapping-hands|clapping hands|hand|gesture|yellow!
classical-building|temple|temple|building|grey! white
clinking-beer-mugs|clinking mugs|mug|drink|white
clinking-glasses|clinking glasses|glasses|kitchen item|white yellow
clipboard|clipboard|clipboard|object|white brown
closed-book|red book|book|object|red!
cloud-with-lightning|thunder cloud|cloud|sky sight|white
cloud-with-rain|rain cloud|cloud|sky sight|white!
cloud-with-snow|snow cloud|cloud|sky sight|white grey
cloud|cloud|cloud|sky sight|white!
clown-face|clown face|face|face|white red
club-suit|club|club|symbol|black!
clutch-bag|clutch bag|bag|clothing item|yellow!
coat|coat|coat|clothing item|orange brown
cockroach|cockroach|cockroach|animal|brown!
cocktail-glass|cocktail glass|glass|drink|white grey
coconut|coconut|coconut|fruit|grey brown
coffin|coffin|coffin|object|brown!
coin|coin|coin|object|yellow!
cold-face|cold face|face|face|blue! white
collision|explosion|explosion|symbol|orange yellow
comet|comet|comet|sky sight|white blue
compass|compass|compass|tool|white yellow
computer-disk|minidisc|minidisc|object|grey!
computer-mouse|computer mouse|mouse|machine|white!
confetti-ball|confetti ball|ball|object|yellow
confounded-face|confounded face|face|face|yellow!
confused-face|confused face|face|face|yellow!
construction-worker|construction worker|worker|person|yellow!
construction|barrier|barrier|object|yellow black
control-knobs|control knobs|knob|object|grey!
convenience-store|convenience store|store|building|white
cooked-rice|bowl of rice|rice|food|grey white
cookie|cookie|cookie|food|orange brown
cooking|fried egg|egg|food|black grey
cook|chef|chef|person|white
coral|coral|coral|object|red
couch-and-lamp|couch|couch|object|blue!
cow-face|cow face|cow|animal|brown!
cowboy-hat-face|cowboy face|face|face|brown yellow
cow|cow|cow|animal|white black
crab|crab|crab|animal|orange!
cracking-face|cracking face|face|face|yellow!
crayon|crayon|crayon|tool|red!
credit-card|credit card|card|object|yellow!
crescent-moon|crescent moon|moon|sky sight|yellow!
cricket-game|cricket bat|bat|sport item|orange!
cricket|cricket|cricket|animal|brown!
crocodile|crocodile|crocodile|animal|green!
croissant|croissant|croissant|food|orange!
cross-mark|red cross|cross|symbol|red!
crossed-fingers|crossed fingers|finger|gesture|yellow!
crossed-swords|crossed swords|sword|object|grey white
crown|crown|crown|clothing item|yellow! orange
crutch|crutch|crutch|tool|grey!
crying-cat|crying cat|cat|animal|yellow!
crying-face|crying face|face|face|yellow!
crystal-ball|crystal ball|ball|object|purple
cucumber|cucumber|cucumber|vegetable|green!
cup-with-straw|soft drink|drink|drink|grey!
cupcake|cupcake|cupcake|food|orange
curling-stone|curling stone|stone|sport item|grey red
curry-rice|curry|curry|food|white orange
custard|custard|custard|food|orange white
cut-of-meat|steak|steak|food|red
dango|dango|dango|food|pink brown
dashing-away|puff of air|air|symbol|white!
deciduous-tree|deciduous tree|tree|plant|green!
deer|deer|deer|animal|brown!
delivery-truck|delivery truck|truck|vehicle|orange
department-store|department store|store|building|brown grey
derelict-house|ruined house|house|building|brown!
desert-island|island|island|place|blue green
desert|desert|desert|place|brown orange
desktop-computer|desktop computer|computer|machine|black grey
detective|detective|detective|person|grey yellow
diamond-suit|diamond suit|diamond|symbol|red!
disappointed-face|disappointed face|face|face|yellow!
disguised-face|disguised face|face|face|yellow black
distorted-face|distorted face|face|face|yellow white
divide|division sign|division|sign|grey!
diving-mask|diving mask|mask|sport item|blue!
diya-lamp|oil lamp|lamp|object|orange red
dizzy|dizzy|dizzy|symbol|yellow!
dna|dna strand|strand|object|blue purple
dodo|dodo|dodo|animal|grey!
dog-face|dog face|dog|animal|brown!
dog|dog|dog|animal|brown!
dollar-banknote|dollar bill|note|object|green!
dolphin|dolphin|dolphin|animal|blue!
donkey|donkey|horse|animal|grey!
door|door|door|object|red!
double-exclamation-mark|double exclamation mark|exclamation|sign|red!
doughnut|donut|doughnut|food|brown!
dove|dove|dove|animal|white!
dragon-face|dragon face|dragon|animal|green!
dragon|dragon|dragon|animal|green!
dress|dress|dress|clothing item|blue!
drooling-face|drooling face|face|face|yellow!
drop-of-blood|drop of blood|blood|object|red!
droplet|water drop|drop|sky sight|blue!
drum|drum|drum|instrument|grey red
duck|duck|duck|animal|brown
dumpling|dumpling|dumpling|food|brown!
dvd|compact disc|disc|object|yellow
eagle|eagle|eagle|animal|brown!
ear-of-corn|corn|corn|vegetable|green yellow
ear-with-hearing-aid|hearing aid|aid|body part|yellow!
ear|ear|ear|body part|yellow!
eggplant|aubergine|aubergine|vegetable|purple!
egg|egg|egg|food|orange!
eight-pointed-star|eight pointed star|star|symbol|orange!
electric-plug|plug|plug|tool|grey!
elephant|elephant|elephant|animal|grey!
elevator|elevator|elevator|machine|blue! white
elf|elf|elf|person|yellow
enraged-face|enraged face|face|face|orange!
envelope|envelope|envelope|object|white! blue
eraser|eraser|eraser|object|pink!
euro-banknote|euro note|note|object|blue!
evergreen-tree|evergreen tree|tree|plant|green!
exploding-head|exploding head|face|face|white
expressionless-face|expressionless face|face|face|yellow!
eyes|eyes|eye|body part|white!
eye|eye|eye|body part|brown grey
face-blowing-a-kiss|kiss-blowing face|face|face|yellow!
face-holding-back-tears|tearful face|face|face|yellow!
face-savoring-food|yummy face|face|face|yellow!
face-screaming-in-fear|screaming face|face|face|yellow
face-vomiting|vomiting face|face|face|yellow
face-with-bags-under-eyes|exhausted face|face|face|yellow!
face-with-crossed-out-eyes|dead face|face|face|yellow!
face-with-diagonal-mouth|skeptical face|face|face|yellow!
face-with-hand-over-mouth|giggling face|face|face|orange!
face-with-head-bandage|bandaged face|face|face|yellow
face-with-medical-mask|masked face|face|face|yellow white
face-with-monocle|monocle face|face|face|yellow!
face-with-open-mouth|surprised face|face|face|yellow!
face-with-peeking-eye|peeking face|face|face|yellow!
face-with-raised-eyebrow|doubting face|face|face|yellow!
face-with-rolling-eyes|eye-rolling face|face|face|yellow!
face-with-spiral-eyes|dazed face|face|face|yellow!
face-with-steam-from-nose|huffing face|face|face|yellow!
face-with-tears-of-joy|laughing face|face|face|yellow
face-with-thermometer|sick face|face|face|yellow!
face-with-tongue|cheeky face|face|face|yellow!
factory-worker|factory worker|worker|person|grey
factory|factory|factory|building|grey red
fairy|fairy|fairy|person|yellow
falafel|falafel|falafel|food|
fallen-leaf|fallen leaf|leaf|plant|red!
farmer|farmer|farmer|person|yellow
fax-machine|fax machine|machine|machine|black grey
fearful-face|fearful face|face|face|yellow
feather|feather|feather|body part|brown!
ferris-wheel|ferris wheel|wheel|building|grey
ferry|ferry|ship|vehicle|blue!
field-hockey|hockey stick|stick|sport item|orange white
fight-cloud|dust cloud|cloud|symbol|white grey
file-folder|file folder|folder|object|yellow!
film-projector|film projector|projector|machine|grey!
fingerprint|fingerprint|fingerprint|body part|blue white
fire-engine|fire engine|engine|vehicle|red
fire-extinguisher|fire extinguisher|extinguisher|object|red
firecracker|firecracker|firecracker|toy|red!
firefighter|firefighter|firefighter|person|red yellow
fireworks|fireworks|firework|object|blue!
fire|fire|fire|sky sight|orange yellow
fish-cake-with-swirl|fish cake|cake|food|white!
fishing-pole|fishing pole|pole|sport item|blue!
fish|fish|fish|animal|blue!
flamingo|flamingo|flamingo|animal|pink!
flashlight|flashlight|flashlight|object|blue!
flatbread|flatbread|flatbread|food|brown!
flexed-biceps|muscle arm|arm|body part|yellow!
floppy-disk|floppy disk|disk|object|grey white
flower-playing-cards|playing card|card|toy|grey red
flushed-face|flushed face|face|face|yellow
flute|flute|flute|instrument|yellow!
flying-disc|frisbee|frisbee|toy|blue!
flying-saucer|flying saucer|saucer|vehicle|grey!
fly|fly|fly|animal|grey!
fog|fog|fog|sky sight|white!
folded-hands|folded hands|hand|gesture|yellow!
folding-hand-fan|hand fan|fan|object|red!
fondue|fondue|fondue|food|red
foot|foot|foot|body part|yellow!
fork-and-knife-with-plate|dinner plate|plate|kitchen item|white! grey
fork-and-knife|fork and knife|fork|kitchen item|grey! white
fortune-cookie|fortune cookie|cookie|food|orange!
fountain-pen|fountain pen|pen|tool|black grey
fountain|fountain|fountain|building|white grey
four-leaf-clover|four leaf clover|clover|plant|green!
fox|fox|fox|animal|red
framed-picture|framed picture|picture|object|
french-fries|french fries|frie|food|red yellow
fried-shrimp|fried shrimp|shrimp|food|yellow!
frog|frog|frog|animal|green!
frowning-face|frowning face|face|face|yellow!
fuel-pump|fuel pump|pump|machine|red
full-moon-face|moon face|moon|sky sight|yellow!
full-moon|full moon|moon|sky sight|brown!
funeral-urn|funeral urn|urn|object|orange!
game-die|game die|die|toy|white grey
garlic|garlic|garlic|vegetable|white!
gear|gear|gear|object|grey!
gem-stone|gem|gem|object|white blue
gemini|gemini sign|gemini|sign|orange!
genie|genie|genie|person|blue!
ghost|ghost|ghost|person|white!
ginger-root|ginger root|root|vegetable|brown!
giraffe|giraffe|giraffe|animal|yellow orange
girl|girl|girl|person|brown yellow
glass-of-milk|glass of milk|milk|drink|white yellow
glasses|glasses|glasses|clothing item|blue brown
globe-showing-americas|globe|globe|sky sight|blue! green
gloves|gloves|glove|clothing item|grey!
glowing-star|glowing star|star|sky sight|yellow!
goal-net|goal net|net|sport item|grey red
goat|goat|goat|animal|brown!
goblin|goblin|goblin|person|red!
goggles|goggles|glasses|clothing item|grey!
goose|goose|goose|animal|white grey
gorilla|gorilla|gorilla|animal|grey! black
graduation-cap|graduation cap|cap|clothing item|black!
grapes|grapes|grape|fruit|purple!
green-apple|green apple|apple|fruit|green!
green-book|green book|book|object|green!
green-circle|green circle|circle|shape|green!
green-heart|green heart|heart|heart|green!
green-salad|green salad|salad|vegetable|green!
green-square|green square|square|shape|green!
grey-heart|grey heart|heart|heart|grey!
grimacing-face|grimacing face|face|face|yellow!
grinning-cat|grinning cat|cat|animal|yellow!
grinning-face-with-big-eyes|happy face|face|face|yellow!
grinning-face|grinning face|face|face|yellow!
grinning-squinting-face|grinning squinting face|face|face|yellow!
growing-heart|growing heart|heart|heart|pink!
guard|guard|guard|person|black!
guide-dog|guide dog|dog|animal|yellow!
guitar|guitar|guitar|instrument|red
hair-pick|afro comb|comb|object|black!
hairy-creature|hairy creature|creature|person|brown!
hamburger|hamburger|hamburger|food|orange!
hammer-and-wrench|hammer and wrench|hammer|tool|grey brown
hammer|hammer|hammer|tool|brown grey
hamsa|hamsa|hamsa|object|blue!
hamster|hamster|hamster|animal|orange brown
hand-with-fingers-splayed|spread hand|hand|gesture|yellow!
handbag|handbag|handbag|clothing item|brown orange
handshake|handshake|handshake|gesture|yellow!
harp|harp|harp|instrument|orange!
hatching-chick|hatching chick|chicken|animal|yellow white
headphone|headphones|headphone|object|grey black
headstone|headstone|headstone|object|grey!
health-worker|doctor|doctor|person|brown yellow
hear-no-evil-monkey|hear no evil monkey|monkey|animal|brown! orange
heart-hands|heart hands|heart|gesture|yellow!
heart-on-fire|heart on fire|heart|heart|red yellow
heart-with-arrow|heart with arrow|heart|heart|pink!
heart-with-ribbon|heart with ribbon|heart|heart|pink! yellow
heavy-dollar-sign|dollar sign|dollar|sign|green!
hedgehog|hedgehog|hedgehog|animal|brown!
helicopter|helicopter|helicopter|vehicle|yellow grey
herb|herb|herb|plant|green!
hibiscus|hibiscus|hibiscu|plant|pink!
high-heeled-shoe|high-heeled shoe|shoe|clothing item|red!
high-voltage|lightning bolt|bolt|sky sight|yellow!
hiking-boot|hiking boot|shoe|clothing item|brown!
hindu-temple|hindu temple|temple|building|red!
hippopotamus|hippopotamus|hippopotamu|animal|brown!
hole|hole|hole|symbol|grey black
hollow-red-circle|red ring|ring|shape|red!
honey-pot|honey pot|pot|kitchen item|orange
honeybee|bee|bee|animal|grey yellow
hook|hook|hook|tool|yellow!
horizontal-traffic-light|horizontal traffic light|traffic light|sign|black!
horse-face|horse face|horse|animal|orange! brown
horse-racing|jockey|jockey|person|brown
horse|horse|horse|animal|orange brown
hospital|hospital|hospital|building|grey white
hot-beverage|cup of coffee|coffee|drink|white!
hot-dog|hot dog|dog|food|orange! red
hot-face|hot face|face|face|orange!
hot-pepper|chili pepper|pepper|vegetable|red!
hot-springs|hot spring|spring|place|red!
hotel|hotel|hotel|building|brown!
hourglass-not-done|hourglass|hourglass|object|brown blue
house-with-garden|house with a garden|house|building|green
houses|houses|house|building|brown white
house|house|house|building|white
hut|hut|hut|building|brown!
hyacinth|hyacinth|hyacinth|plant|purple!
ice-cream|bowl of ice cream|ice cream|food|brown grey
ice-hockey|ice hockey|hockey|sport item|orange grey
ice-skate|ice skate|skate|clothing item|white! grey
ice|ice|ice|food|blue white
infinity|infinity sign|infinity|sign|purple!
jack-o-lantern|pumpkin lantern|lantern|object|orange!
japanese-castle|japanese castle|castle|building|grey
japanese-dolls|pair of dolls|doll|toy|
japanese-post-office|japanese post office|office|building|white blue
jar|jar|jar|kitchen item|grey
jeans|jeans|jean|clothing item|blue!
jellyfish|jellyfish|jellyfish|animal|blue white
joker|joker|card|object|white!
joystick|joystick|joystick|toy|grey!
judge|judge|judge|person|brown yellow
kaaba|kaaba|kaaba|building|grey black
kangaroo|kangaroo|kangaroo|animal|brown!
keyboard|keyboard|keyboard|instrument|white!
key|key|key|tool|yellow!
kick-scooter|kick scooter|scooter|vehicle|grey blue
kimono|kimono|kimono|clothing item|pink!
kiss-mark|lipstick kiss|kiss|symbol|red!
kissing-cat|kissing cat|cat|animal|yellow!
kissing-face|kissing face|face|face|yellow!
kitchen-knife|kitchen knife|knife|kitchen item|white grey
kite|kite|kite|toy|orange blue
kiwi-fruit|kiwi|kiwi|fruit|green brown
knot|knot|knot|object|blue red
koala|koala|koala|animal|grey!
lab-coat|lab coat|coat|clothing item|white!
lacrosse|lacrosse|lacrosse|sport item|grey!
ladder|ladder|ladder|tool|orange brown
lady-beetle|ladybug|ladybug|animal|red black
landslide|landslide|landslide|place|grey!
laptop|laptop|laptop|machine|grey white
large-blue-diamond|blue diamond|diamond|shape|blue!
last-quarter-moon|half moon|moon|sky sight|brown blue
latin-cross|latin cross|cross|symbol|purple!
leaf-fluttering-in-wind|green leaf|leaf|plant|green!
leafless-tree|leafless tree|tree|plant|brown!
leafy-green|lettuce|lettuce|vegetable|green!
leg|leg|leg|body part|yellow!
lemon|lemon|lemon|fruit|yellow!
leopard|leopard|tiger|animal|yellow
leo|leo sign|leo|sign|yellow!
level-slider|level slider|slider|object|grey!
libra|libra sign|libra|sign|green!
light-blue-heart|light blue heart|heart|heart|blue!
light-bulb|light bulb|bulb|object|yellow!
lighthouse|lighthouse|lighthouse|building|grey white
lime|lime|lemon|fruit|green!
lion|lion|lion|animal|brown! yellow
lipstick|lipstick|lipstick|object|red black
lizard|lizard|lizard|animal|green!
llama|llama|llama|animal|white brown
lobster|lobster|lobster|animal|red!
locked-with-key|padlock and key|padlock|object|yellow!
locked|closed padlock|padlock|object|yellow!
locomotive|locomotive|train|vehicle|red
lollipop|lollipop|lollipop|food|pink
long-drum|long drum|drum|instrument|orange
lotion-bottle|lotion bottle|bottle|kitchen item|blue!
lotus|lotus|lotu|plant|pink!
loudly-crying-face|loudly crying face|face|face|yellow
loudspeaker|loudspeaker|loudspeaker|machine|white grey
love-hotel|love hotel|hotel|building|pink!
love-letter|love letter|letter|symbol|white!
low-battery|empty battery|battery|machine|grey
luggage|luggage|luggage|object|blue!
lungs|lungs|lung|body part|pink!
lying-face|lying face|face|face|yellow!
mage|wizard|wizard|person|grey
magic-wand|magic wand|wand|object|yellow
magnet|magnet|magnet|tool|red!
magnifying-glass-tilted-left|magnifying glass|glass|tool|blue grey
mahjong-red-dragon|mahjong tile|tile|toy|white!
mammoth|mammoth|mammoth|animal|brown!
man-dancing|dancing man|man|person|white
mango|mango|mango|fruit|orange
mans-shoe|brown shoe|shoe|clothing item|brown!
mantelpiece-clock|mantel clock|clock|machine|brown!
manual-wheelchair|wheelchair|wheelchair|vehicle|grey red
man|man|man|person|yellow brown
maple-leaf|maple leaf|leaf|plant|orange red
maracas|maracas|maraca|instrument|green yellow
martial-arts-uniform|judo suit|suit|clothing item|white grey
mate|mate gourd|gourd|food|brown!
meat-on-bone|meat on a bone|meat|food|orange brown
mechanical-arm|mechanical arm|arm|body part|grey!
mechanical-leg|mechanical leg|leg|body part|grey!
mechanic|mechanic|mechanic|person|blue yellow
megaphone|megaphone|megaphone|object|red
melon|melon|melon|fruit|green yellow
melting-face|melting face|face|face|yellow!
memo|note and pencil|note|object|white
menorah|menorah|menorah|symbol|purple!
mermaid|mermaid|mermaid|person|green
merman|merman|mermaid|person|green yellow
meteor|meteor|meteor|sky sight|red orange
metro|metro|train|vehicle|grey black
microbe|microbe|microbe|object|green!
microphone|microphone|microphone|machine|grey!
microscope|microscope|microscope|machine|grey!
military-helmet|military helmet|helmet|clothing item|green!
military-medal|military medal|medal|object|yellow
milky-way|milky way|way|sky sight|blue!
minibus|minibus|bus|vehicle|white grey
minus|minus sign|minu|sign|grey!
mirror-ball|mirror ball|ball|object|blue white
mirror|mirror|mirror|object|white
moai|moai|moai|object|grey!
mobile-phone|mobile phone|phone|machine|black!
monarch-butterfly|monarch butterfly|butterfly|animal|black orange
money-bag|money bag|bag|object|yellow!
money-mouth-face|money mouth face|face|face|yellow!
monkey-face|monkey face|monkey|animal|brown orange
monkey|monkey|monkey|animal|brown!
monorail|monorail|train|vehicle|grey white
moon-cake|moon cake|moon|food|orange!
moon-viewing-ceremony|moon festival|moon|place|blue yellow
moose|moose|moose|animal|brown
mosque|mosque|mosque|building|brown orange
mosquito|mosquito|mosquito|animal|grey!
motor-boat|motor boat|boat|vehicle|white grey
motor-scooter|motor scooter|scooter|vehicle|yellow black
motorcycle|motorcycle|scooter|vehicle|black red
motorized-wheelchair|electric wheelchair|wheelchair|vehicle|grey black
mount-fuji|mount fuji|fuji|place|white blue
mountain-railway|mountain train|train|vehicle|grey yellow
mountain|mountain|mountain|place|brown!
mouse-face|mouse face|mouse|animal|grey!
mouse-trap|mouse trap|mouse|object|brown! orange
mouse|mouse|mouse|animal|white
mouth|mouth|mouth|body part|pink!
movie-camera|movie camera|camera|machine|black!
multiply|times sign|time|sign|grey!
mushroom|mushroom|mushroom|plant|red white
musical-keyboard|musical keyboard|keyboard|instrument|white black
musical-notes|musical notes|note|object|grey!
musical-note|musical note|note|object|grey!
muted-speaker|muted speaker|speaker|machine|grey
nail-polish|nail polish|polish|body part|yellow red
national-park|national park|park|place|blue green
nauseated-face|nauseated face|face|face|green yellow
nazar-amulet|nazar amulet|amulet|object|blue!
necktie|shirt and tie|shirt|clothing item|white blue
nerd-face|nerd face|face|face|yellow
nest-with-eggs|bird nest|nest|object|brown
nesting-dolls|nesting dolls|doll|toy|red
net-with-handle|butterfly net|net|tool|blue grey
neutral-face|neutral face|face|face|yellow!
new-moon-face|dark moon face|moon|sky sight|blue!
newspaper|newspaper|newspaper|object|grey white
night-with-stars|starry night|night|sky sight|blue!
ninja|ninja|ninja|person|black!
no-bicycles|no bicycles sign|bicycle|sign|black red
no-entry|no entry sign|entry|sign|red!
no-smoking|no smoking sign|smoking|sign|black red
nose|nose|nose|body part|yellow!
notebook|notebook|notebook|object|grey black
nut-and-bolt|nut and bolt|nut|object|grey! blue
octopus|octopus|octopu|animal|red!
oden|oden|oden|food|brown! orange
office-building|office building|building|building|grey! white
office-worker|office worker|worker|person|brown yellow
ogre|ogre|ogre|person|red black
oil-drum|oil drum|drum|object|blue!
ok-hand|ok hand|hand|gesture|yellow!
old-key|old key|key|tool|grey!
old-man|old man|man|person|yellow!
old-woman|old woman|woman|person|yellow grey
older-person|old person|person|person|grey yellow
olive|olive|olive|fruit|green yellow
one-piece-swimsuit|swimsuit|swimsuit|clothing item|blue!
onion|onion|onion|vegetable|orange!
open-book|open book|book|object|white grey
open-file-folder|open file folder|folder|object|yellow orange
open-hands|open hands|hand|gesture|yellow!
orange-book|orange book|book|object|orange!
orange-circle|orange circle|circle|shape|orange!
orange-heart|orange heart|heart|heart|orange!
orange-square|orange square|square|shape|orange!
orangutan|orangutan|orangutan|animal|brown red
orca|orca|orca|animal|black
orthodox-cross|orthodox cross|cross|symbol|purple!
otter|otter|otter|animal|brown!
owl|owl|owl|animal|brown!
ox|ox|cow|animal|brown!
oyster|oyster|oyster|animal|brown
package|cardboard box|box|object|brown!
page-with-curl|sheet of paper|paper|object|white!
paintbrush|paintbrush|paintbrush|tool|blue
palm-tree|palm tree|tree|plant|green!
pancakes|pancakes|pancake|food|orange brown
panda|panda|panda|animal|white black
paperclip|paperclip|paperclip|object|grey blue
parachute|parachute|parachute|vehicle|blue
parrot|parrot|parrot|animal|green!
party-popper|party popper|popper|toy|
partying-face|partying face|face|face|yellow
passenger-ship|passenger ship|ship|vehicle|blue grey
paw-prints|paw prints|print|object|blue!
pea-pod|pea pod|pod|vegetable|green!
peace-symbol|peace symbol|peace|symbol|purple!
peach|peach|peach|fruit|red orange
peacock|peacock|peacock|animal|green!
peanuts|peanuts|peanut|food|orange!
pear|pear|pear|fruit|green!
pencil|pencil|pencil|tool|yellow
penguin|penguin|penguin|animal|black
pen|pen|pen|tool|blue!
people-hugging|hugging people|people|person|blue!
people-with-bunny-ears|bunny dancers|dancer|person|yellow black
people-wrestling|wrestlers|wrestler|person|yellow
performing-arts|theatre masks|mask|object|blue
persevering-face|persevering face|face|face|yellow!
person-bald|bald person|person|person|yellow orange
person-beard|bearded person|person|person|brown! yellow
person-biking|cyclist|cyclist|person|grey!
person-bowing|bowing person|person|person|brown orange
person-climbing|climber|climber|person|brown!
person-facepalming|facepalming person|person|person|brown orange
person-fencing|fencer|fencer|person|grey!
person-frowning|frowning person|person|person|brown yellow
person-getting-haircut|haircut|haircut|person|brown
person-getting-massage|massage|massage|person|yellow brown
person-golfing|golfer|golfer|person|orange grey
person-in-bed|person in bed|person|person|blue brown
person-in-lotus-position|yoga person|person|person|orange yellow
person-in-steamy-room|person in a sauna|person|person|white brown
person-in-tuxedo|person in a tuxedo|person|person|brown yellow
person-juggling|juggler|juggler|person|
person-kneeling|kneeling person|person|person|grey
person-lifting-weights|weight lifter|lifter|person|black
person-mountain-biking|mountain biker|cyclist|person|grey
person-playing-handball|handball player|player|person|orange
person-playing-water-polo|water polo player|player|person|orange blue
person-rowing-boat|rower|rower|person|red brown
person-running|runner|runner|person|grey
person-shrugging|shrugging person|person|person|orange
person-surfing|surfer|surfer|person|orange
person-swimming|swimmer|swimmer|person|blue
person-taking-bath|person in a bath|person|person|white grey
person-walking|walker|walker|person|grey
person-with-crown|person with a crown|person|person|yellow!
person|person|person|person|brown yellow
petri-dish|petri dish|dish|object|blue
phoenix|phoenix|phoenix|animal|red orange
pickle|pickle|pickle|food|green!
pickup-truck|pickup truck|truck|vehicle|red!
pie|pie|pie|food|orange!
pig-face|pig face|pig|animal|brown!
pig-nose|pig nose|pig|body part|pink!
pig|pig|pig|animal|brown!
pile-of-poo|poo|poo|symbol|brown!
pill|pill|pill|object|yellow red
pilot|pilot|pilot|person|black yellow
pinata|pinata|pinata|toy|pink
pinched-fingers|pinched fingers|finger|gesture|yellow!
pinching-hand|pinching hand|hand|gesture|yellow!
pine-decoration|pine decoration|decoration|object|green brown
pineapple|pineapple|pineapple|fruit|green yellow
ping-pong|ping pong|pong|sport item|red!
pink-heart|pink heart|heart|heart|pink!
pirate-flag|pirate flag|flag|object|black!
pisces|pisces sign|pisce|sign|pink!
pizza|pizza|pizza|food|orange!
playground-slide|playground slide|slide|place|grey blue
pleading-face|pleading face|face|face|yellow!
plunger|plunger|plunger|tool|pink brown
plus|plus sign|plu|sign|grey!
polar-bear|polar bear|bear|animal|white!
police-car-light|siren light|light|machine|red
police-car|police car|car|vehicle|black!
police-officer|police officer|officer|person|blue yellow
poodle|poodle|dog|animal|white grey
pool-8-ball|billiard ball|ball|sport item|grey!
popcorn|popcorn|popcorn|food|red
post-office|post office|office|building|brown!
postal-horn|horn|horn|instrument|yellow!
postbox|postbox|postbox|object|red!
pot-of-food|pot of food|food|food|grey
potable-water|water tap sign|tap|sign|grey blue
potato|potato|potato|vegetable|brown!
potted-plant|potted plant|plant|plant|green!
poultry-leg|chicken leg|chicken|food|brown!
pound-banknote|pound note|note|object|purple!
prayer-beads|prayer beads|bead|object|red!
pregnant-person|pregnant person|person|person|orange brown
pretzel|pretzel|pretzel|food|orange!
princess|princess|princess|person|yellow! brown
prince|prince|prince|person|yellow!
printer|printer|printer|machine|grey white
prohibited|prohibited sign|prohibited|sign|red!
purple-circle|purple circle|circle|shape|purple!
purple-heart|purple heart|heart|heart|purple!
purple-square|purple square|square|shape|purple!
purse|purse|purse|clothing item|pink!
pushpin|pushpin|pushpin|object|red!
puzzle-piece|puzzle piece|piece|toy|green!
rabbit-face|rabbit face|rabbit|animal|grey!
rabbit|rabbit|rabbit|animal|white!
raccoon|raccoon|raccoon|animal|grey!
racing-car|racing car|car|vehicle|red
radioactive|radioactive sign|radioactive|sign|yellow! black
radio|radio|radio|machine|yellow
railway-track|railway track|track|object|green grey
rainbow|rainbow|rainbow|sky sight|
raised-fist|raised fist|fist|gesture|yellow!
raised-hand|raised hand|hand|gesture|yellow!
raising-hands|raising hands|hand|gesture|yellow!
ram|ram|goat|animal|white
rat|rat|rat|animal|grey!
razor|razor|razor|object|grey
recycling-symbol|recycling symbol|recycling|symbol|green!
red-apple|red apple|apple|fruit|red!
red-circle|red circle|circle|shape|red!
red-envelope|red envelope|envelope|object|red!
red-exclamation-mark|exclamation mark|exclamation|sign|red!
red-heart|red heart|heart|heart|red!
red-paper-lantern|red paper lantern|lantern|object|red!
red-question-mark|question mark|question|sign|red!
red-square|red square|square|shape|red!
red-triangle-pointed-down|red triangle down|triangle|shape|red!
red-triangle-pointed-up|red triangle|triangle|shape|red!
reminder-ribbon|awareness ribbon|ribbon|object|yellow!
rescue-workers-helmet|rescue helmet|helmet|clothing item|red!
rhinoceros|rhinoceros|rhinocero|animal|grey!
ribbon|ribbon|ribbon|object|pink!
rice-ball|rice ball|rice|food|white grey
rice-cracker|rice cracker|rice|food|orange black
ring-buoy|ring buoy|buoy|object|red
ringed-planet|planet|planet|sky sight|brown
ring|ring|ring|clothing item|grey
roasted-sweet-potato|sweet potato|potato|vegetable|pink
robot|robot|robot|person|grey!
rocket|rocket|rocket|vehicle|grey
rock|rock|rock|object|grey!
roll-of-paper|toilet roll|roll|object|white grey
rolled-up-newspaper|rolled up newspaper|newspaper|object|grey white
roller-coaster|roller coaster|coaster|building|red green
roller-skate|roller skate|skate|clothing item|blue
rolling-on-the-floor-laughing|rolling face|face|face|yellow
rooster|rooster|chicken|animal|brown
root-vegetable|turnip|turnip|vegetable|red green
rosette|rosette|rosette|plant|yellow! orange
rose|rose|rose|plant|red!
round-pushpin|map pin|pin|tool|red!
rugby-football|rugby ball|ball|sport item|orange!
running-shirt|running shirt|shirt|clothing item|blue! yellow
running-shoe|running shoe|shoe|clothing item|blue!
safety-pin|safety pin|pin|tool|grey!
safety-vest|safety vest|vest|clothing item|orange yellow
sagittarius|sagittarius sign|sagittariu|sign|blue!
sailboat|sailboat|boat|vehicle|red grey
sake|sake|sake|drink|grey white
salt|salt|salt|food|grey white
saluting-face|saluting face|face|face|yellow!
sandwich|sandwich|sandwich|food|brown orange
santa-claus|santa claus|clau|person|white red
sari|sari|sari|clothing item|blue!
satellite-antenna|satellite dish|dish|object|white grey
satellite|satellite|satellite|vehicle|grey blue
sauropod|long-necked dinosaur|dinosaur|animal|green!
saxophone|saxophone|saxophone|instrument|yellow!
scarf|scarf|scarf|clothing item|red!
school|school|school|building|orange
scientist|scientist|scientist|person|brown
scissors|scissors|scissor|tool|grey red
scorpion|scorpion|scorpion|animal|orange! brown
scorpio|scorpio sign|scorpio|sign|blue!
screwdriver|screwdriver|screwdriver|tool|red!
scroll|scroll|scroll|object|brown!
seal|seal|seal|animal|white grey
seat|seat|seat|object|blue grey
see-no-evil-monkey|see no evil monkey|monkey|animal|brown!
seedling|seedling|seedling|plant|green!
service-dog|service dog|dog|animal|orange brown
sewing-needle|sewing needle|needle|tool|grey blue
shaking-face|shaking face|face|face|yellow!
shallow-pan-of-food|pan of paella|paella|food|orange
shamrock|shamrock|shamrock|plant|green!
shark|shark|shark|animal|grey white
shaved-ice|shaved ice|ice|food|white pink
sheaf-of-rice|rice plant|rice|plant|yellow green
shield|shield|shield|object|grey! white
shinto-shrine|shinto shrine|shrine|building|red!
ship|ship|ship|vehicle|red
shooting-star|shooting star|star|sky sight|blue!
shopping-bags|shopping bags|bag|object|pink green
shopping-cart|shopping cart|cart|object|grey!
shortcake|shortcake|shortcake|food|orange
shorts|shorts|short|clothing item|blue!
shovel|shovel|shovel|tool|grey brown
shower|shower|shower|object|grey!
shrimp|shrimp|shrimp|animal|red!
shushing-face|shushing face|face|face|yellow! orange
sign-of-the-horns|rock hand|hand|gesture|yellow!
singer|singer|singer|person|red
skateboard|skateboard|skateboard|vehicle|black!
skier|skier|skier|person|grey blue
skis|skis|ski|sport item|blue grey
skull-and-crossbones|skull and crossbones|skull|symbol|white grey
skull|skull|skull|body part|white!
skunk|skunk|skunk|animal|black! white
sled|sled|sled|vehicle|orange red
sleeping-face|sleeping face|face|face|yellow!
sleepy-face|sleepy face|face|face|yellow!
slightly-smiling-face|slightly smiling face|face|face|yellow!
slot-machine|slot machine|machine|machine|grey
sloth|sloth|sloth|animal|brown!
small-airplane|small plane|plane|vehicle|blue grey
smiling-cat-with-heart-eyes|heart-eyed cat|heart|animal|yellow red
smiling-face-with-halo|angel face|face|face|yellow!
smiling-face-with-heart-eyes|heart-eyed face|heart|face|yellow
smiling-face-with-hearts|loving face|face|face|yellow red
smiling-face-with-horns|smiling devil|devil|person|purple pink
smiling-face-with-open-hands|hugging face|face|face|yellow! orange
smiling-face-with-sunglasses|cool face|face|face|yellow black
smiling-face-with-tear|touched face|face|face|yellow!
smiling-face|smiling face|face|face|yellow! orange
smirking-face|smirking face|face|face|yellow!
snail|snail|snail|animal|brown!
snake|snake|snake|animal|green!
sneezing-face|sneezing face|face|face|yellow
snow-capped-mountain|snowy mountain|mountain|place|white grey
snowboarder|snowboarder|snowboarder|person|grey orange
snowflake|snowflake|snowflake|sky sight|white!
snowman|snowman|snowman|sky sight|white!
soap|soap|soap|object|pink!
soccer-ball|soccer ball|ball|sport item|white black
socks|socks|sock|clothing item|white!
soft-ice-cream|ice cream cone|ice cream|food|brown orange
softball|softball|baseball|sport item|green!
spade-suit|spade|spade|symbol|black!
spaghetti|spaghetti|spaghetti|food|white
sparkler|sparkler|sparkler|object|brown red
sparkles|sparkles|sparkle|object|yellow!
sparkling-heart|sparkling heart|heart|heart|pink!
speak-no-evil-monkey|speak no evil monkey|monkey|animal|brown!
speaker-high-volume|speaker|speaker|machine|grey blue
speech-balloon|speech balloon|balloon|symbol|white!
speedboat|speedboat|boat|vehicle|red yellow
spider-web|spider web|web|object|grey!
spider|spider|spider|animal|grey!
spiral-calendar|spiral calendar|calendar|object|white
spiral-shell|shell|shell|object|white!
splatter|splash of colour|colour|symbol|blue!
sponge|sponge|sponge|object|yellow!
spoon|spoon|spoon|kitchen item|grey!
sport-utility-vehicle|off-road car|car|vehicle|blue grey
sports-medal|sports medal|medal|sport item|blue yellow
spouting-whale|spouting whale|whale|animal|blue! grey
squid|squid|squid|animal|pink!
squinting-face-with-tongue|squinting tongue face|face|face|yellow!
stadium|stadium|stadium|building|red grey
star-and-crescent|star and crescent|star|symbol|purple!
star-of-david|star of david|star|symbol|purple!
star-struck|starry-eyed face|face|face|yellow
star|star|star|sky sight|yellow!
station|station|station|building|grey
statue-of-liberty|statue of liberty|statue|building|green!
steaming-bowl|steaming bowl|bowl|kitchen item|white
stethoscope|stethoscope|stethoscope|object|blue grey
stop-sign|stop sign|stop|sign|red!
stopwatch|stopwatch|stopwatch|machine|white grey
straight-ruler|ruler|ruler|tool|grey! white
strawberry|strawberry|strawberry|fruit|red! green
student|student|student|person|black yellow
studio-microphone|studio microphone|microphone|machine|grey!
stuffed-flatbread|stuffed flatbread|flatbread|food|brown!
sun-behind-cloud|sun behind a cloud|sun|sky sight|white
sun-behind-rain-cloud|sun shower|sun|sky sight|white
sun-with-face|sun with face|sun|sky sight|yellow!
sunflower|sunflower|sunflower|plant|yellow
sunglasses|sunglasses|glasses|clothing item|black grey
sunrise|sunrise|sunset|sky sight|
sunset|sunset|sunset|sky sight|purple
sun|sun|sun|sky sight|yellow orange
superhero|superhero|superhero|person|red blue
supervillain|supervillain|supervillain|person|blue purple
sushi|sushi|sushi|food|red
swan|swan|swan|animal|white!
sweat-droplets|sweat droplets|droplet|symbol|blue!
synagogue|synagogue|synagogue|building|brown!
syringe|syringe|syringe|object|grey blue
t-rex|t-rex|dinosaur|animal|green!
t-shirt|t-shirt|t-shirt|clothing item|grey!
taco|taco|taco|food|yellow!
takeout-box|takeout box|box|food|white grey
tamale|tamale|tamale|food|yellow brown
tanabata-tree|wish tree|tree|plant|green!
tangerine|tangerine|orange|fruit|orange!
taurus|taurus sign|tauru|sign|red!
taxi|taxi|car|vehicle|yellow
teacher|teacher|teacher|person|brown
teacup-without-handle|cup of tea|tea|drink|grey! white
teapot|teapot|teapot|kitchen item|red!
technologist|technologist|technologist|person|grey brown
teddy-bear|teddy bear|bear|toy|red!
telephone-receiver|telephone receiver|phone|machine|black grey
telephone|telephone|phone|machine|red!
telescope|telescope|telescope|machine|grey!
television|television|television|machine|blue grey
tennis|tennis|tenni|sport item|grey blue
tent|tent|tent|building|orange red
test-tube|test tube|tube|object|blue!
thermometer|thermometer|thermometer|machine|grey red
thinking-face|thinking face|face|face|orange!
thong-sandal|flip-flop|flip-flop|clothing item|grey blue
thought-balloon|thought balloon|balloon|symbol|white!
thread|thread|thread|object|blue brown
thumbs-down|thumbs down|thumb|gesture|yellow!
thumbs-up|thumbs up|up|gesture|yellow!
ticket|ticket|ticket|object|yellow!
tiger-face|tiger face|tiger|animal|orange
tiger|tiger|tiger|animal|orange
timer-clock|timer clock|clock|machine|grey white
tired-face|tired face|face|face|yellow!
toilet|toilet|toilet|object|white! grey
tokyo-tower|tokyo tower|tower|building|red!
tomato|tomato|tomato|vegetable|red!
tongue|tongue|tongue|body part|pink!
toolbox|toolbox|toolbox|tool|red!
toothbrush|toothbrush|toothbrush|object|orange!
tooth|tooth|tooth|body part|white!
top-hat|top hat|hat|clothing item|black!
tornado|tornado|tornado|sky sight|white! grey
tractor|tractor|tractor|vehicle|grey
tram|tram|train|vehicle|grey
treasure-chest|treasure chest|chest|object|
triangular-flag|triangular flag|flag|object|red!
triangular-ruler|triangular ruler|ruler|tool|grey!
trident-emblem|trident emblem|emblem|symbol|yellow orange
trolleybus|trolleybus|bus|vehicle|blue white
troll|troll|troll|person|brown green
trombone|trombone|trombone|instrument|yellow orange
trophy|trophy|trophy|sport item|yellow orange
tropical-drink|tropical drink|drink|drink|orange
tropical-fish|tropical fish|fish|animal|yellow
trumpet|trumpet|trumpet|instrument|yellow!
tulip|tulip|flower|plant|pink! green
tumbler-glass|glass of whiskey|whiskey|drink|white
turkey|turkey|turkey|animal|brown black
turtle|turtle|turtle|animal|green!
two-hump-camel|two-humped camel|camel|animal|orange!
umbrella-on-ground|beach umbrella|umbrella|object|orange red
umbrella|umbrella|umbrella|object|blue!
unamused-face|unamused face|face|face|yellow!
unicorn|unicorn|horse|animal|white pink
unlocked|open padlock|padlock|object|yellow!
upside-down-face|upside down face|face|face|yellow!
vampire|vampire|vampire|person|brown yellow
vertical-traffic-light|traffic light|traffic light|sign|black!
victory-hand|victory hand|hand|gesture|yellow!
video-camera|video camera|camera|machine|grey!
video-game|video game|game|toy|grey!
videocassette|videocassette|videocassette|object|black grey
violin|violin|violin|instrument|red!
virgo|virgo sign|virgo|sign|green!
volcano|volcano|volcano|place|red black
volleyball|volleyball|volleyball|sport item|white! grey
vulcan-salute|vulcan salute|salute|gesture|yellow!
waffle|waffle|waffle|food|orange!
warning|warning sign|warning|sign|yellow!
wastebasket|waste basket|basket|object|grey!
watch|watch|watch|machine|white grey
water-buffalo|water buffalo|cow|animal|grey!
water-pistol|water pistol|pistol|toy|orange yellow
water-wave|wave|wave|sky sight|blue white
watermelon|watermelon|watermelon|fruit|pink
waving-hand|waving hand|hand|gesture|yellow!
weary-face|weary face|face|face|yellow!
wedding|wedding|wedding|object|pink
whale|whale|whale|animal|blue grey
wheel-of-dharma|wheel of dharma|wheel|symbol|purple!
wheel|wheel|wheel|object|grey black
white-circle|white circle|circle|shape|white!
white-flower|white flower|flower|plant|white!
white-heart|white heart|heart|heart|white!
white-large-square|white square|square|shape|white!
wilted-flower|wilted flower|flower|plant|green red
wind-chime|wind chime|chime|object|blue! white
wind-face|wind|wind|sky sight|white!
window|window|window|object|white orange
wine-glass|glass of wine|wine|drink|white
wing|wing|wing|body part|grey white
winking-face-with-tongue|winking tongue face|face|face|yellow
winking-face|winking face|face|face|yellow!
wolf|wolf|wolf|animal|grey!
woman-dancing|dancing woman|woman|person|red
woman-with-headscarf|woman in a headscarf|woman|person|purple!
womans-boot|boot|shoe|clothing item|red!
womans-clothes|blouse|blouse|clothing item|purple!
womans-hat|straw hat|hat|clothing item|yellow purple
woman|woman|woman|person|brown yellow
wood|log|log|object|brown!
woozy-face|woozy face|face|face|yellow!
world-map|world map|map|object|blue
worm|worm|worm|animal|pink!
worried-face|worried face|face|face|yellow!
wrapped-gift|wrapped gift|gift|object|red orange
wrench|wrench|wrench|tool|grey!
writing-hand|writing hand|hand|gesture|yellow!
x-ray|x-ray|x-ray|object|blue white
yarn|yarn|yarn|object|pink purple
yawning-face|yawning face|face|face|yellow!
yellow-circle|yellow circle|circle|shape|yellow!
yellow-heart|yellow heart|heart|heart|yellow!
yellow-square|yellow square|square|shape|yellow!
yen-banknote|yen note|note|object|orange brown
yin-yang|yin yang|yang|symbol|purple! white
yo-yo|yo-yo|yo-yo|toy|red!
zany-face|zany face|face|face|yellow
zebra|zebra|horse|animal|black grey
zipper-mouth-face|zipper mouth face|face|face|yellow!
zombie|zombie|zombie|person|green red
zzz|sleep sign|sleep|symbol|blue!
`;
