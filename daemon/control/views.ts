export type {
  AlgorithmsView,
  ChildSaStateName,
  ChildSaView,
  IkeSaStateName,
  IkeSaView,
  PolicyView,
  UsageView,
} from '../contracts/views.ts';

export type { Explanation } from '../ike/attempts/explanation.ts';
