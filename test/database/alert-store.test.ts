import { beforeAll } from 'vitest'
import { joinEngine, openMigrated } from '../support/engine.ts'
import { describeAlertStore } from './alert-store.suite.ts'

// Not what the file before left.
beforeAll(async () => (await openMigrated()).close())

describeAlertStore('the embedded engine', joinEngine)
