/** How hard a passphrase is to guess: a rough guide for the person, never a gate. */

/** The fewest characters that the vault accepts. */
export const LEAST_CHARACTERS = 8;

/** 0 = too short to be accepted, 1 = weak, 2 = fair, 3 = strong, 4 = very strong. */
export type Strength = 0 | 1 | 2 | 3 | 4;

/** Thresholds of the estimate in bits for levels 2, 3 and 4. */
const BITS = [40, 60, 80] as const;

const COMMON = /(passw[o0]rt|passw[o0]rd|qwert[yz]|letmein|welcome|willkommen|latchgate|iloveyou|abc|123|111|000)/gi;

export function strengthOf(passphrase: string): Strength {
  if ([...passphrase].length < LEAST_CHARACTERS) return 0;
  const bits = estimateBits(passphrase);
  return bits < BITS[0] ? 1 : bits < BITS[1] ? 2 : bits < BITS[2] ? 3 : 4;
}

/** A word of a dictionary is worth this much however long it is (one of 7,776), and a loose letter this much. */
const BITS_PER_WORD = 13;
const BITS_PER_LETTER = 4.5;
/** Digits, spaces and signs. */
const BITS_PER_SIGN = 5;

function estimateBits(passphrase: string): number {
  // A common word or run counts as one sign, and so does a repeated character.
  const unusual = passphrase.replace(COMMON, "1").replace(/(.)\1+/gu, "$1");
  const words = unusual.match(/\p{L}+/gu) ?? [];
  const signs = [...unusual.replace(/\p{L}+/gu, "")].length;
  const letters = words.reduce((bits, word) => bits + Math.min(BITS_PER_WORD, BITS_PER_LETTER * word.length), 0);
  // Whatever it looks like: no more than its different characters allow.
  return Math.min(letters + BITS_PER_SIGN * signs, new Set(unusual).size * 8);
}
