const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/**
 * Orders two cells: negative when `a` is less. Decimal numbers compare digit by digit, so a bigint never loses its end;
 * numbers with an exponent as doubles; a text that is no number, such as a date, by code unit. Undefined: one of the two
 * is a number and the other is not.
 */
export function compareCells(a: string, b: string): number | undefined {
  const [left, right] = [DECIMAL.exec(a), DECIMAL.exec(b)];
  if (left && right) {
    const digits = Math.max(left[3]?.length ?? 0, right[3]?.length ?? 0);
    const difference = scaled(left, digits) - scaled(right, digits);
    return difference < 0n ? -1 : Number(difference > 0n);
  }
  const [x, y] = [toNumber(a), toNumber(b)];
  if (Number.isNaN(x) !== Number.isNaN(y)) return undefined;
  if (!Number.isNaN(x)) return x - y;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function scaled([, sign = '', whole = '', fraction = '']: RegExpExecArray, digits: number): bigint {
  return BigInt(`${sign}${whole}${fraction.padEnd(digits, '0')}`);
}

function toNumber(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}
