/**
 * The words of the texts beside the things' names, by the part they play.
 */

const list = (words: string): readonly string[] => words.split(",").map((word) => word.trim());

/** Word lists by part; a template's `{place}` is one item of `place`. */
export const LEXICON = {
  person: list(
    "Anna,Ben,Clara,Daniel,Ella,Finn,Grace,Henry,Ida,Jack,Kate,Leo,Maya,Noah,Olga,Paul,Rosa,Sam,Tina,Victor,Wendy,Yusuf,Zoe,Amir,Lena,Hugo,Nina,Omar,Lucy,Tom,my brother,my sister,my aunt,my uncle,our teacher,my friend,her mother,his father,our neighbour,a little girl,a small boy,the old man,the young woman",
  ),
  place: list(
    "the park,the garden,the kitchen,the market,the beach,the forest,the river,the lake,the city,the village,the school,the museum,the library,the harbour,the station,the shop,the farm,the zoo,the street,the bridge,the square,the hill,the field,the island,the attic,the cellar,the yard,the office,the playground,the mountains,the desert,the airport,the hotel,the theatre,my room,our house,the mill,the old town,the countryside,the fair",
  ),
  spot: list(
    "on the table,under the tree,near the door,by the water,on the shelf,in the corner,behind the house,beside the road,in the grass,on the floor,next to the wall,in a box,at the gate,in the sun,in the shade,on the roof,in the snow,on a chair,inside the bag,in the drawer",
  ),
  time: list(
    "yesterday,last week,this morning,on Monday,on Friday,on Sunday,in the evening,at night,last summer,in winter,in spring,after lunch,before dinner,a year ago,one day,last night,in autumn,at noon,today,on my birthday",
  ),
  adjective: list(
    "nice,lovely,beautiful,funny,strange,wonderful,great,pretty,cute,fine,simple,famous,favourite,quiet,clean,cheap,special,perfect,interesting,amazing,rare,common,charming,curious,ordinary,clever,good,splendid,sweet,tidy",
  ),
  mood: list(
    "happy,glad,surprised,tired,hungry,proud,sad,excited,calm,busy,worried,cheerful,sleepy,lucky,lonely,thankful",
  ),
  saw: list(
    "saw,found,noticed,spotted,met,discovered,photographed,drew,painted,remembered,described,liked,loved,wanted,showed us,pointed at,dreamt of,asked for,looked for,talked about",
  ),
  bought: list(
    "bought,sold,borrowed,lost,kept,carried,brought,took,hid,cleaned,collected,counted,shared,chose,needed,dropped",
  ),
  did: list(
    "laughed,smiled,waited,slept,sang,danced,walked home,ran away,sat down,stood up,said nothing,waved,cried,left early,came back,cooked dinner,read a letter,wrote a poem,played a game,told a story,opened the door,closed the gate,drank some water,fell asleep,took a picture,made a plan,drove away,rested,jumped,whispered",
  ),
  went: list("went to,walked to,drove to,travelled to,came to,visited,returned to,hurried to,left,explored"),
  weather: list("sunny,rainy,cold,warm,windy,cloudy,hot,snowy,foggy,stormy,dry,mild"),
  title: list(
    "My day,A short story,Photos,Our trip,Things I like,A walk,The weekend,From my album,Some pictures,What we saw,A small collection,Notes,New in the shop,For sale,Today's finds,My favourite things,Holiday pictures,A list,Guess what,Look at these,In the news,A letter home,The diary,Weekly report,Little things",
  ),
  opinion: list(
    "I like it very much.,It made us laugh.,Everyone was happy.,It was a good day.,We will come back.,Nobody knows why.,It looks great.,What do you think?,That is all.,It was very cheap.,It cost too much.,I want one too.,We took a picture.,It is still there.,The end.,See you soon.,How nice!,Who would have thought?,It was quite small.,Really!",
  ),
  link: list("Then,Later,After that,Next,Soon,Suddenly,At last,Finally,Meanwhile,Also,Now"),
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** A list's name. */
export type Part = keyof typeof LEXICON;

/** Every single word of the lists, lower case. */
export const LEXICON_WORDS: readonly string[] = [
  ...new Set(
    Object.values(LEXICON)
      .flat()
      .flatMap((words) => words.toLowerCase().match(/[a-z]+/g) ?? []),
  ),
];
