import { type ConfPosition, printPosition } from '../../config/conf-tree.ts';
import { ConfigError } from '../../util/error.ts';
import type { IpsecSection, IpsecValue } from './ipsec-conf.ts';

/** Reads the values of one section; what does not fit is a `ConfigError` with its place. */
export class ConnValues {
  readonly section: IpsecSection;

  constructor(section: IpsecSection) {
    this.section = section;
  }

  get(keyword: string): IpsecValue | undefined {
    return this.section.values.get(keyword);
  }

  text(keyword: string): string | undefined {
    return this.get(keyword)?.text;
  }

  /** Where a keyword stands, or the section if it is not there. */
  place(keyword: string): ConfPosition {
    return this.get(keyword)?.position ?? this.section.position;
  }

  items(keyword: string): readonly string[] {
    return (this.text(keyword) ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  }

  /** One of these words, in lower case. */
  choice<T extends string>(keyword: string, fallback: T, allowed: readonly T[]): T {
    const text = this.text(keyword)?.toLowerCase();
    if (text === undefined) return fallback;
    const found = allowed.find((word) => word === text);
    if (found === undefined) {
      return this.fail(keyword, `found '${text}', expected one of ${allowed.join(', ')}`);
    }
    return found;
  }

  flag(keyword: string, fallback: boolean): boolean {
    return this.choice(keyword, fallback ? 'yes' : 'no', ['yes', 'no']) === 'yes';
  }

  /** Seconds. */
  seconds(keyword: string, fallback: number): number {
    const text = this.text(keyword);
    if (text === undefined) return fallback;
    const [, number = '', unit = 's'] = /^(\d+(?:\.\d+)?)\s*([smhd])?$/.exec(text) ?? [];
    const length = UNITS[unit];
    if (number === '' || length === undefined || (unit === 's' && number.includes('.'))) {
      return this.fail(keyword, `found '${text}', expected a time such as 540, 9m, 1h or 1d`);
    }
    return Math.round(Number(number) * length);
  }

  number(keyword: string, fallback: number): number {
    const text = this.text(keyword);
    if (text === undefined) return fallback;
    if (!/^-?\d+$/.test(text)) return this.fail(keyword, `found '${text}', expected a number`);
    return Number(text);
  }

  /** Per cent, as a factor. */
  percent(keyword: string, fallback: number): number {
    const text = this.text(keyword);
    if (text === undefined) return fallback;
    const [, digits] = /^(\d+)\s*%$/.exec(text) ?? [];
    if (digits === undefined)
      return this.fail(keyword, `found '${text}', expected per cent as 100%`);
    return Number(digits) / 100;
  }

  fail(keyword: string, message: string): never {
    const where = printPosition(this.place(keyword));
    throw new ConfigError(where, `${where}: ${keyword}: ${message}`);
  }
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
