import { openMigrated } from '../support/engine.ts'
import { describeCoverage } from './coverage.suite.ts'

describeCoverage('the embedded engine', openMigrated)
