/** The encoding of a page, as the HTML standard finds it. */
import { describe, expect, it } from "vitest";
import { decode } from "../../../src/data/web/decode.js";

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const utf8 = (text: string) => new TextEncoder().encode(text);

describe("the encoding of a page", () => {
  it("is that of the byte order mark, whatever the header says, and the mark is not text", () => {
    expect(decode(bytes("\xef\xbb\xbfcaf\xc3\xa9"), "text/html; charset=windows-1252")).toEqual({
      html: "café",
      encoding: "utf-8",
      by: "mark",
      damaged: 0,
    });
    expect(decode(bytes("\xff\xfeh\0i\0")).html).toBe("hi");
    expect(decode(bytes("\xfe\xff\0h\0i")).html).toBe("hi");
  });

  it.each(["text/html; charset=Shift_JIS", 'text/html;charset="sjis"', "text/html; foo=bar; CHARSET='x-sjis'"])(
    "is that of the header before the page's own: %s",
    (contentType) => {
      const { html, encoding, by } = decode(bytes("<meta charset=utf-8>\x93\xfa\x96\x7b"), contentType);
      expect([html.slice(-2), encoding, by]).toEqual(["日本", "shift_jis", "header"]);
    },
  );

  it.each([
    ['<meta charset="iso-8859-2">', "iso-8859-2"],
    ["<META  CHARSET = 'koi8-r' />", "koi8-r"],
    ['<meta http-equiv="Content-Type" content="text/html; charset=gb2312">', "gbk"],
    ['<meta content="text/html; charset=euc-jp" http-equiv=content-type>', "euc-jp"],
    ["<!-- <meta charset=koi8-r> --><meta charset=big5>", "big5"],
    ['<p title="<meta charset=koi8-r>"><meta charset=big5>', "big5"],
    ["<meta charset=utf-16le>", "utf-8"],
    ["<meta charset=x-user-defined>", "windows-1252"],
    ["<meta charset=nonsense><meta charset=euc-kr>", "euc-kr"],
    ['<?xml version="1.0" encoding="koi8-r"?><html>', "koi8-r"],
  ])("is what the page declares: %s", (html, encoding) => {
    expect(decode(bytes(`${html}text`))).toMatchObject({ encoding, by: "meta" });
  });

  it("is not declared by a name in the content of another meta, nor after 1024 bytes", () => {
    expect(decode(bytes('<meta name=x content="charset=koi8-r">\xe9')).by).toBe("guess");
    expect(decode(bytes(`${" ".repeat(1024)}<meta charset=koi8-r>\xe9`)).by).toBe("guess");
  });

  it("is UTF-8 without a declaration where the bytes are UTF-8, else windows-1252, with its quotes", () => {
    expect(decode(utf8("“café”"))).toMatchObject({ html: "“café”", encoding: "utf-8", by: "guess" });
    expect(decode(bytes("\x93caf\xe9\x94 \x80"))).toMatchObject({ html: "“café” €", encoding: "windows-1252" });
  });

  it("that is declared is kept where bytes break it, and the broken places are counted", () => {
    expect(decode(bytes("<meta charset=utf-8>caf\xe9 \xff"))).toMatchObject({ encoding: "utf-8", damaged: 2 });
  });

  it("is looked for in any bytes without a failure", () => {
    for (const text of [
      "",
      "<",
      "<meta",
      "<meta ",
      "<meta charset",
      "<meta charset=",
      '<meta charset="',
      "<!--",
      "<p a",
      "</",
      "<?xml",
      "<a =>",
    ]) {
      expect(decode(bytes(text)).html, text).toBe(text);
    }
  });
});
