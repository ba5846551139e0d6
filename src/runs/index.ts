/** The door of this room: flows are written against these, commands and server call these. */

export { nextTimes, normaliseCron, normaliseTimezone } from '../config/cron.ts'
export { abortReason } from './abort.ts'
export type { Backend, FlowRun, SubmittedRun, TaskRun } from './backend.ts'
export { chooseOrchestrator, faultOf, pagesOfRuns, titleOf } from './choose.ts'
export { completed, failed, flow, task } from './define.ts'
export type { DeploymentSpec, PoolSpec, QueueSpec, ScheduleSpec } from './deployment-spec.ts'
export type { Ended, EngineOptions } from './engine.ts'
export {
  checkParents,
  declaredLimits,
  describeLimitChange,
  type Limit,
  type LimitControl,
  type LimitDeclaration,
  type LimitView,
  parseLimit,
  showLimit,
} from './limits.ts'
export type {
  Attendance,
  AttendOptions,
  Examined,
  KeptArtifact,
  KeptDeployment,
  KeptLine,
  KeptRun,
  KeptSchedule,
  KeptTask,
  Orchestrator,
  PoolState,
  QueueState,
  RunQuery,
  WorkerState,
} from './orchestrator.ts'
export type {
  ChosenOrchestrator,
  OrchestratorKind,
  PortParts,
  RunOnDeploy,
  Work,
} from './orchestrator-kind.ts'
export { orchestrators } from './orchestrators.ts'
export {
  type AlertRules,
  type AutomationReport,
  ensureAlertRules,
  ensureSilentRule,
} from './prefect/automations.ts'
export { createPrefectBackend, type PrefectBackend } from './prefect/backend.ts'
export { type Registration, type RegistrationReport, registerDeployments } from './prefect/deployments.ts'
export { prefectLimits } from './prefect/limits.ts'
export { namespaceTag } from './prefect/namespace.ts'
export { prefectOrchestrator } from './prefect/orchestrator.ts'
export { parameterSchema } from './prefect/parameter-schema.ts'
export { type PrefectSettings, prefectSettings } from './prefect/settings.ts'
export { startWorker, type Worker, type WorkerOptions } from './prefect/worker.ts'
export { type AnyFlow, flowRegistry } from './registry.ts'
export { type FlowResult, type RunFlowOptions, runFlow } from './run-flow.ts'
export { type Runtime, systemRuntime } from './runtime.ts'
export { type Slot, takeSlot } from './slot.ts'
export { createLocalBackend, type LocalBackend } from './standalone/backend.ts'
export { localLimits } from './standalone/limits.ts'
export { memoryStore } from './standalone/memory-store.ts'
export { localOrchestrator } from './standalone/orchestrator.ts'
export { oneShotWorker } from './standalone/presence.ts'
export { type Standalone, type StandaloneOptions, startStandalone } from './standalone/schedule.ts'
export type {
  RunFilter,
  RunStore,
  StoredArtifact,
  StoredLogLine,
  StoredRun,
  WantedRun,
} from './standalone/store.ts'
export { heldStateTypes, isFinal, openStateTypes } from './states.ts'
export { triggerDeployment } from './trigger.ts'
export type * from './types.ts'
