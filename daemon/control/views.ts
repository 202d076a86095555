export type {
  AlgorithmsView,
  ChildSaStateName,
  ChildSaView,
  IkeSaStateName,
  IkeSaView,
  UsageView,
} from '../contracts/views.ts';
