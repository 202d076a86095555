const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/**
 * The conversions of strftime(3) in the C locale and local time; ones it does not know stay as they are. Week numbers
 * and eras are left out.
 */
export function strftime(format: string, date: Date): string {
  return format.replace(/%[-_0^#]?([a-zA-Z%])/g, (whole, letter: string) => {
    return convert(letter, date) ?? whole;
  });
}

const TWO = 2;

function convert(letter: string, date: Date): string | undefined {
  switch (letter) {
    case 'a':
      return DAYS[date.getDay()]?.slice(0, 3);
    case 'A':
      return DAYS[date.getDay()];
    case 'b':
    case 'h':
      return MONTHS[date.getMonth()]?.slice(0, 3);
    case 'B':
      return MONTHS[date.getMonth()];
    case 'c':
      return strftime('%a %b %e %H:%M:%S %Y', date);
    case 'C':
      return pad(Math.floor(date.getFullYear() / 100), TWO);
    case 'd':
      return pad(date.getDate(), TWO);
    case 'D':
    case 'x':
      return strftime('%m/%d/%y', date);
    case 'e':
      return pad(date.getDate(), TWO, ' ');
    case 'F':
      return strftime('%Y-%m-%d', date);
    case 'H':
      return pad(date.getHours(), TWO);
    case 'I':
      return pad(date.getHours() % 12 || 12, TWO);
    case 'j':
      return pad(dayOfYear(date), 3);
    case 'k':
      return pad(date.getHours(), TWO, ' ');
    case 'l':
      return pad(date.getHours() % 12 || 12, TWO, ' ');
    case 'm':
      return pad(date.getMonth() + 1, TWO);
    case 'M':
      return pad(date.getMinutes(), TWO);
    case 'n':
      return '\n';
    case 'p':
      return date.getHours() < 12 ? 'AM' : 'PM';
    case 'r':
      return strftime('%I:%M:%S %p', date);
    case 'R':
      return strftime('%H:%M', date);
    case 's':
      return String(Math.floor(date.getTime() / 1000));
    case 'S':
      return pad(date.getSeconds(), TWO);
    case 't':
      return '\t';
    case 'T':
    case 'X':
      return strftime('%H:%M:%S', date);
    case 'u':
      return String(date.getDay() || 7);
    case 'w':
      return String(date.getDay());
    case 'y':
      return pad(date.getFullYear() % 100, TWO);
    case 'Y':
      return String(date.getFullYear());
    case 'z':
      return zone(date);
    case '%':
      return '%';
    default:
      return undefined;
  }
}

function pad(number: number, width: number, filler = '0'): string {
  return String(number).padStart(width, filler);
}

function dayOfYear(date: Date): number {
  const start = Date.UTC(date.getFullYear(), 0, 1);
  return (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - start) / 86_400_000 + 1;
}

function zone(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60), TWO)}${pad(size % 60, TWO)}`;
}
