// Writes the types of the Prefect routes that are used, from the openapi document of a running server or a file:
//   node generate.mjs http://127.0.0.1:4200/api/openapi.json ../../src/runs/prefect/api.generated.ts
// The pinned server is 3.8.8. Only the paths below and what they refer to are kept: the whole is half a megabyte.
import { readFile, writeFile } from 'node:fs/promises'
import openapiTypescript, { astToString } from 'openapi-typescript'

const used = {
  '/health': ['get'],
  '/admin/version': ['get'],
  '/flows/': ['post'],
  '/flows/{id}': ['get'],
  '/flows/filter': ['post'],
  '/deployments/': ['post'],
  '/deployments/name/{flow_name}/{deployment_name}': ['get'],
  '/deployments/filter': ['post'],
  '/deployments/{id}': ['get', 'patch', 'delete'],
  '/deployments/{id}/create_flow_run': ['post'],
  '/deployments/{id}/schedules': ['post'],
  '/deployments/{id}/schedules/{schedule_id}': ['patch'],
  '/work_pools/': ['post'],
  '/work_pools/{name}': ['get', 'patch'],
  '/work_pools/{work_pool_name}/workers/heartbeat': ['post'],
  '/work_pools/{work_pool_name}/workers/filter': ['post'],
  '/work_pools/{work_pool_name}/workers/{name}': ['delete'],
  '/work_pools/{name}/get_scheduled_flow_runs': ['post'],
  '/work_pools/{work_pool_name}/queues': ['post'],
  '/work_pools/{work_pool_name}/queues/filter': ['post'],
  '/work_pools/{work_pool_name}/queues/{name}': ['get', 'patch', 'delete'],
  '/flow_runs/': ['post'],
  '/flow_runs/filter': ['post'],
  '/flow_runs/{id}': ['get', 'patch'],
  '/flow_runs/{id}/set_state': ['post'],
  '/flow_runs/{id}/labels': ['patch'],
  '/flow_runs/{id}/graph-v2': ['get'],
  '/flow_runs/{id}/resume': ['post'],
  '/flow_run_states/': ['get'],
  '/task_runs/': ['post'],
  '/task_runs/filter': ['post'],
  '/logs/': ['post'],
  '/logs/filter': ['post'],
  '/artifacts/': ['post'],
  '/artifacts/{id}': ['patch'],
  '/artifacts/filter': ['post'],
  '/events': ['post'],
  '/concurrency_limits/': ['post'],
  '/v2/concurrency_limits/': ['post'],
  '/v2/concurrency_limits/filter': ['post'],
  '/v2/concurrency_limits/{id_or_name}': ['get', 'patch', 'delete'],
  '/v2/concurrency_limits/increment-with-lease': ['post'],
  '/v2/concurrency_limits/decrement': ['post'],
  '/v2/concurrency_limits/decrement-with-lease': ['post'],
  '/v2/concurrency_limits/leases/{lease_id}/renew': ['post'],
  '/automations/': ['post'],
  '/automations/filter': ['post'],
  '/automations/{id}': ['get', 'put', 'patch', 'delete'],
  '/variables/': ['post'],
  '/variables/filter': ['post'],
  '/variables/name/{name}': ['get', 'patch', 'delete'],
  '/block_types/slug/{slug}': ['get'],
  '/block_types/install_system_block_types': ['post'],
  '/block_types/slug/{slug}/block_documents/name/{block_document_name}': ['get'],
  '/block_schemas/filter': ['post'],
  '/block_documents/': ['post'],
  '/block_documents/{id}': ['get', 'patch', 'delete'],
}

const [source, target] = process.argv.slice(2)
if (!source || !target) {
  console.error('usage: node generate.mjs <openapi.json: URL or file> <target .ts>')
  process.exit(2)
}
const text = /^https?:/.test(source) ? await (await fetch(source)).text() : await readFile(source, 'utf8')
const document = JSON.parse(text)

const paths = {}
for (const [path, methods] of Object.entries(used)) {
  const known = document.paths[path]
  for (const method of methods) {
    if (!known?.[method]) throw new Error(`The server has no ${method.toUpperCase()} ${path}`)
    paths[path] = { ...paths[path], [method]: known[method] }
  }
}

// Schemas that the kept paths reach, and no others.
const schemas = {}
const visit = (value) => {
  if (Array.isArray(value)) for (const item of value) visit(item)
  else if (value && typeof value === 'object')
    for (const [key, item] of Object.entries(value)) {
      if (key === '$ref' && typeof item === 'string') {
        const name = item.replace('#/components/schemas/', '')
        if (schemas[name]) continue
        schemas[name] = document.components.schemas[name]
        visit(schemas[name])
      } else visit(item)
    }
}
visit(paths)
const strip = (value) => {
  // Documentation stays with Prefect; a few kilobytes of types are what is needed here.
  if (Array.isArray(value)) return value.map(strip)
  if (!value || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(
        ([key, item]) =>
          !(
            ['description', 'summary', 'title', 'examples', 'example'].includes(key) &&
            typeof item !== 'object'
          ) && key !== 'examples',
      )
      .map(([key, item]) => [key, strip(item)]),
  )
}
const sorted = Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)))
const trimmed = strip({
  openapi: document.openapi,
  info: document.info,
  paths,
  components: { schemas: sorted },
})
const types = astToString(
  await openapiTypescript(trimmed, { defaultNonNullable: false, emptyObjectsUnknown: true }),
)
await writeFile(
  target,
  `// Generated by tools/prefect-types from the openapi document of Prefect 3.8.8. Do not edit.\n\n${types}`,
)
console.log(
  `${Object.keys(paths).length} paths, ${Object.keys(schemas).length} schemas, ${types.split('\n').length} lines`,
)
