import { createHash } from 'node:crypto'
import type { PrefectBackend } from './backend.ts'
import { must, orNull, refused } from './client.ts'

/**
 * Addresses that a Prefect server calls, kept there as blocks of type Webhook: the server masks the address wherever it
 * shows it. That type belongs to the server itself; no collection has to be installed.
 */

export type Ensured = 'created' | 'updated' | 'unchanged'

/** Names of blocks are of a-z, 0-9 and dashes; what had to be changed gets a hash, so that two never share one. */
export function blockName(channel: string, namespace: string): string {
  const plain = namespace.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  const mark =
    plain === namespace ? '' : `-${createHash('sha256').update(namespace).digest('hex').slice(0, 8)}`
  return `erddap-harvester-${plain}${mark}-${channel}`
}

async function webhookTypeId({ client }: PrefectBackend): Promise<string> {
  const read = () => client.normal.GET('/block_types/slug/{slug}', { params: { path: { slug: 'webhook' } } })
  const known = await orNull('read the type of webhooks', read())
  if (known) return known.id
  await must('install its own block types', client.normal.POST('/block_types/install_system_block_types'))
  return (await must('read the type of webhooks', read())).id
}

/** Makes the block hold this address, and says whether it did before. The address is never part of an error. */
export async function ensureWebhookBlock(
  backend: PrefectBackend,
  name: string,
  url: string,
): Promise<{ id: string; what: Ensured }> {
  const { client } = backend
  const data = { method: 'POST', url, headers: { 'content-type': 'application/json' } }
  const known = await findWebhookBlock(backend, name)
  if (known) {
    if (known.data?.url === url) return { id: known.id, what: 'unchanged' }
    await must(
      `update the webhook ${name}`,
      client.normal.PATCH('/block_documents/{id}', {
        params: { path: { id: known.id } },
        body: { data, merge_existing_data: true },
      }),
    )
    return { id: known.id, what: 'updated' }
  }
  const typeId = await webhookTypeId(backend)
  const [schema] = await must(
    'read the form of webhooks',
    client.normal.POST('/block_schemas/filter', {
      body: {
        block_schemas: { operator: 'and_', block_type_id: { any_: [typeId] } },
        limit: 1,
        offset: 0,
      },
    }),
  )
  if (!schema) throw refused('create a webhook', 404, 'it has the type, and no form of it')
  const created = await must(
    `create the webhook ${name}`,
    client.normal.POST('/block_documents/', {
      body: { name, data, block_type_id: typeId, block_schema_id: schema.id },
    }),
  )
  return { id: created.id, what: 'created' }
}

/** With its address, which whoever may deploy may read: the only way to know whether it is still the one that is set. */
async function findWebhookBlock({ client }: PrefectBackend, name: string) {
  return orNull(
    'read a webhook',
    client.normal.GET('/block_types/slug/{slug}/block_documents/name/{block_document_name}', {
      params: {
        path: { slug: 'webhook', block_document_name: name },
        query: { include_secrets: true },
      },
    }),
  )
}

/** Whether there was one. */
export async function deleteWebhookBlock(backend: PrefectBackend, name: string): Promise<boolean> {
  const known = await findWebhookBlock(backend, name)
  if (!known) return false
  await orNull(
    'delete a webhook',
    backend.client.normal.DELETE('/block_documents/{id}', { params: { path: { id: known.id } } }),
  )
  return true
}
