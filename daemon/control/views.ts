export type {
  AlgorithmsView,
  ChildSaStateName,
  ChildSaView,
  IkeSaStateName,
  IkeSaView,
  InstalledView,
  PolicyView,
  UsageView,
} from '../contracts/views.ts';

export type { Explanation } from '../ike/attempts/explanation.ts';
