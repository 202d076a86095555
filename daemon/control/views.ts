export type {
  AlgorithmsView,
  ChildSaStateName,
  ChildSaView,
  IkeSaStateName,
  IkeSaView,
  PolicyView,
  UsageView,
} from '../contracts/views.ts';
