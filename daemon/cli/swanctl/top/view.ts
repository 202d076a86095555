import { ORDERS, type View } from './draw.ts';
import type { KeyAction } from './keys.ts';

/** What is shown at first. */
export const FIRST_VIEW: View = { order: 'traffic', scroll: 0, paused: false };

/** What is shown after a key; `lines` long is the list, `page` of them fit. */
export function viewAfter(
  view: View,
  action: Exclude<KeyAction, 'quit'>,
  lines: number,
  page: number,
): View {
  const scrolled = (by: number): View => {
    const last = Math.max(0, lines - page);
    return { ...view, scroll: Math.min(last, Math.max(0, view.scroll + by)) };
  };
  switch (action) {
    case 'order': {
      const next = (ORDERS.indexOf(view.order) + 1) % ORDERS.length;
      return { ...view, order: ORDERS[next] ?? 'traffic', scroll: 0 };
    }
    case 'pause':
      return { ...view, paused: !view.paused };
    case 'up':
      return scrolled(-1);
    case 'down':
      return scrolled(1);
    case 'page-up':
      return scrolled(-page);
    case 'page-down':
      return scrolled(page);
    case 'home':
      return { ...view, scroll: 0 };
  }
}
