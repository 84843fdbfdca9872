/** Cases of windows and of convolution. */
import { axis } from "../../src/graph/axes.js";
import { convolve, type WindowOptions } from "../../src/graph/index.js";
import { fold, patches, windowsOf } from "../../src/graph/ops/windows.js";
import { type Case, normal, picture } from "./filled.js";

const sound = (length: number, channels: number) =>
  normal(axis("sounds", 2), axis("length", length), axis("channels", channels));

/** Windows with all that windows can have, and the size of the picture they are tried on. */
const WINDOWS: readonly (readonly [
  about: string,
  kernel: readonly number[],
  options: WindowOptions,
  size: readonly number[],
])[] = [
  ["of 3 x 3", [3, 3], {}, [3, 4]],
  ["of 5 x 5, wider than the picture", [5, 5], {}, [2, 3]],
  ["of 2 x 3, with padding behind the last", [2, 3], {}, [3, 4]],
  ["side by side", [2, 2], { stride: 2, padding: 0 }, [4, 5]],
  ["of stride 2, overlapping", [3, 3], { stride: 2 }, [5, 4]],
  ["of two strides, dilated", [2, 3], { stride: [1, 2], dilation: [2, 1], padding: 1 }, [4, 5]],
  [
    "padded at one end only",
    [2, 2],
    {
      padding: [
        [1, 0],
        [0, 2],
      ],
    },
    [3, 3],
  ],
  [
    "padded by more than they span",
    [2, 1],
    {
      padding: [
        [3, 2],
        [0, 1],
      ],
    },
    [2, 2],
  ],
  ["with gaps between", [1, 1], { stride: 3, padding: 0 }, [4, 5]],
];

export const WINDOW_CASES = {
  Patches: [
    ...WINDOWS.map(
      ([about, kernel, options, [height, across]]): Case => ({
        about,
        inputs: [picture(height!, across!, 2)],
        make: (x) => patches(x!, windowsOf(kernel, options)),
      }),
    ),
    {
      about: "along one axis, with a number beyond the border",
      inputs: [sound(5, 2)],
      make: (x) => patches(x!, windowsOf([3], { stride: 2 }), 7),
    },
  ],
  Fold: WINDOWS.map(([about, kernel, options, [height, across]]): Case => {
    const windows = windowsOf(kernel, options);
    const positions = [axis("height", height), axis("across", across)];
    const counts = positions.map(({ size }, i) => {
      const room = size! + windows.before[i]! + windows.after[i]! - (kernel[i]! - 1) * windows.dilation[i]! - 1;
      return Math.floor(room / windows.stride[i]!) + 1;
    });
    return {
      about,
      inputs: [normal(2, ...counts, kernel[0]! * kernel[1]! * 2)],
      make: (x) => fold(x!, windows, positions),
    };
  }),
  Convolve: [
    { about: "3 x 3", inputs: [picture(3, 4, 2), normal(9, 2, 3)], make: (x, w) => convolve(x!, w!) },
    { about: "1 x 1", inputs: [picture(2, 3, 2), normal(1, 2, 3)], make: (x, w) => convolve(x!, w!) },
    ...WINDOWS.map(
      ([about, kernel, options, [height, across]]): Case => ({
        about: `${about}, by a weight`,
        inputs: [picture(height!, across!, 2), normal(kernel[0]! * kernel[1]!, 2, 3)],
        make: (x, w) => convolve(x!, w!, { kernel, ...options }),
      }),
    ),
    { about: "along one axis", inputs: [sound(5, 2), normal(3, 2, 3)], make: (x, w) => convolve(x!, w!) },
    {
      about: "along one axis, causal and dilated",
      inputs: [sound(6, 2), normal(2, 2, 1)],
      make: (x, w) => convolve(x!, w!, { dilation: 3, padding: [[3, 0]] }),
    },
  ],
} satisfies Record<string, readonly Case[]>;
