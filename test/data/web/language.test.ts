/** English by its small words. */
import { describe, expect, it } from "vitest";
import { isEnglish, measureEnglish } from "../../../src/data/web/language.js";

describe("a text is English", () => {
  it.each([
    "All human beings are born free and equal in dignity and rights.",
    "the small blue car is left of the tree",
    "Two cats are sleeping on the sofa.",
    "I don’t know what’s in the box",
  ])("%s", (text) => expect(isEnglish(text)).toBe(true));
});

describe("a text is not English", () => {
  it.each([
    "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
    "Tous les êtres humains naissent libres et égaux en dignité et en droits.",
    "Todos los seres humanos nacen libres e iguales en dignidad y derechos",
    "Todos os seres humanos nascem livres e iguais em dignidade e em direitos.",
    "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti.",
    "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren.",
    "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności",
    "Все люди рождаются свободными и равными",
    "人人生而自由，在尊严和权利上一律平等。",
    "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق",
    "Alla människor är födda fria och lika i värde och rättigheter.",
    "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar.",
    "",
    "123 456",
  ])("%s", (text) => expect(isEnglish(text)).toBe(false));
});

it("the limit is the caller's, and a text at the limit passes", () => {
  const text = "the word word word";
  expect(measureEnglish(text)).toEqual({ score: 0.25, words: 4 });
  expect(isEnglish(text, { minScore: 0.25 })).toBe(true);
  expect(isEnglish(text, { minScore: 0.26 })).toBe(false);
});
