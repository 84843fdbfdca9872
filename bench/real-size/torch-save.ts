/** A dictionary of tensors as `torch.save` writes it, however large: one tensor in memory at a time. */
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { crc32 } from "node:zlib";
import { type Draw, drawn } from "./random-weights.js";

/** Where zip says that the number did not fit its field and stands further on. */
const ELSEWHERE = 0xffffffff;
/** PyTorch lets every storage begin at a multiple of this. */
const ALIGNMENT = 64;

/**
 * Writes float32 tensors at random.
 * @source PyTorch 2.15, torch/serialization.py `_save`; APPNOTE.TXT 6.3.10 for zip, in its form for more than 4 GiB
 */
export async function torchSave(path: string, tensors: ReadonlyMap<string, Draw>): Promise<void> {
  const file = await open(path, "w");
  const folder = basename(path).replace(/\.[^.]*$/, "");
  const directory: Buffer[] = [];
  let at = 0;
  const append = async (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length; )
      done += (await file.write(bytes, done, Math.min(2 ** 30, bytes.length - done), at + done)).bytesWritten;
    at += bytes.length;
  };
  const entry = async (name: string, content: Uint8Array) => {
    const called = Buffer.from(`${folder}/${name}`);
    const sum = crc32(content);
    const begin = at;
    const gap = -(begin + 30 + called.length + 4) & (ALIGNMENT - 1);
    const padding = fields([0x4246, 2], [gap, 2]);
    await append(
      Buffer.concat([
        fields([0x04034b50, 4], [0, 6], [0, 4], [sum, 4], [content.length, 4], [content.length, 4]),
        fields([called.length, 2], [padding.length + gap, 2]),
        called,
        padding,
        Buffer.alloc(gap),
      ]),
    );
    await append(content);
    const far = fields([1, 2], [8, 2], [begin, 8]);
    directory.push(
      fields([0x02014b50, 4], [45, 2], [45, 2], [0, 8], [sum, 4], [content.length, 4], [content.length, 4]),
      fields([called.length, 2], [far.length, 2], [0, 10], [ELSEWHERE, 4]),
      called,
      far,
    );
  };
  try {
    await entry("data.pkl", pickled(tensors));
    await entry("byteorder", Buffer.from("little"));
    let key = 0;
    for (const [name, draw] of tensors) await entry(`data/${key++}`, new Uint8Array(drawn(name, draw).buffer));
    await entry("version", Buffer.from("3\n"));
    const begin = at;
    const count = tensors.size + 3;
    await append(Buffer.concat(directory));
    const [end, size] = [at, at - begin];
    await append(fields([0x06064b50, 4], [44, 8], [45, 2], [45, 2], [0, 8], [count, 8], [count, 8], [size, 8], [begin, 8]));
    await append(fields([0x07064b50, 4], [0, 4], [end, 8], [1, 4]));
    await append(fields([0x06054b50, 4], [0, 4], [0xffff, 2], [0xffff, 2], [ELSEWHERE, 4], [ELSEWHERE, 4], [0, 2]));
  } finally {
    await file.close();
  }
}

/** Little-endian numbers of given widths in bytes, one after the other. */
function fields(...values: readonly (readonly [value: number, width: number])[]): Buffer {
  return Buffer.concat(
    values.map(([value, width]) => {
      const bytes = Buffer.alloc(width);
      bytes.writeUIntLE(value, 0, Math.min(width, 6));
      return bytes;
    }),
  );
}

/** An `OrderedDict` of tensors, protocol 2. */
function pickled(tensors: ReadonlyMap<string, Draw>): Buffer {
  const called = (name: string) => Buffer.from(`c${name}\n`);
  const text = (text: string) => Buffer.concat([Buffer.from("X"), fields([Buffer.byteLength(text), 4]), Buffer.from(text)]);
  const integer = (value: number) => Buffer.concat([Buffer.from("J"), fields([value, 4])]);
  const tuple = (...items: Buffer[]) => Buffer.concat([Buffer.from("("), ...items, Buffer.from("t")]);
  const ordered = Buffer.concat([called("collections\nOrderedDict"), Buffer.from(")R")]);
  const items = [...tensors].flatMap(([name, { shape }], key) => {
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
    const elements = shape.reduce((product, size) => product * size, 1);
    const storage = tuple(text("storage"), called("torch\nFloatStorage"), text(`${key}`), text("cpu"), integer(elements));
    return [
      text(name),
      called("torch._utils\n_rebuild_tensor_v2"),
      tuple(
        Buffer.concat([storage, Buffer.from("Q")]),
        integer(0),
        tuple(...shape.map(integer)),
        tuple(...strides.map(integer)),
        Buffer.from([0x89]),
        ordered,
      ),
      Buffer.from("R"),
    ];
  });
  return Buffer.concat([Buffer.from([0x80, 2]), ordered, Buffer.from("("), ...items, Buffer.from("u.")]);
}
