/**
 * What we use of undici, by its files. Its index also loads mocks, caches, web sockets and a second `fetch`, for another
 * 70 ms of each command.
 */
import type { Dispatcher } from 'undici'
import api from 'undici/lib/api/index.js'
import Agent from 'undici/lib/dispatcher/agent.js'
import dispatcher from 'undici/lib/dispatcher/dispatcher.js'
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js'

// As its index does.
Object.assign(dispatcher.prototype, api)

export { Agent, type Dispatcher, EnvHttpProxyAgent }
