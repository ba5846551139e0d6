/** The door of this room: flows are written against these, commands and server call these. */
export { abortReason } from './abort.ts'
export type { Backend, FlowRun, SubmittedRun, TaskRun } from './backend.ts'
export { nextTimes, normaliseCron, normaliseTimezone } from './cron.ts'
export { completed, failed, flow, task } from './define.ts'
export type { DeploymentSpec, ScheduleSpec } from './deployment-spec.ts'
export type { Ended, EngineOptions } from './engine.ts'
export { createLocalBackend, type LocalBackend } from './local/backend.ts'
export { memoryStore } from './local/memory-store.ts'
export type { RunFilter, RunStore, StoredArtifact, StoredLogLine, StoredRun } from './local/store.ts'
export { formatLine } from './log.ts'
export { createPrefectBackend, type PrefectBackend } from './prefect/backend.ts'
export {
  namespaceTag,
  type PoolSpec,
  parameterSchema,
  type Registration,
  type RegistrationReport,
  registerDeployments,
} from './prefect/deployments.ts'
export { type PrefectSettings, prefectSettings } from './prefect/settings.ts'
export { type AnyFlow, flowRegistry } from './registry.ts'
export { type FlowResult, type RunFlowOptions, runFlow } from './run-flow.ts'
export { type Runtime, systemRuntime } from './runtime.ts'
export { type Standalone, type StandaloneOptions, startStandalone } from './standalone.ts'
export { isFinal, openStateTypes, stateTypes } from './states.ts'
export { triggerDeployment } from './trigger.ts'
export type * from './types.ts'
export { type RunOnDeploy, startWorker, type Worker, type WorkerOptions } from './worker.ts'
