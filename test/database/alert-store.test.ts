import { joinEngine } from '../support/engine.ts'
import { describeAlertStore } from './alert-store.suite.ts'

describeAlertStore('the embedded engine', joinEngine)
