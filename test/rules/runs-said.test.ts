/** Every sentence that a run says of itself, in both languages, and those of older versions. */
import { describe, expect, test } from 'vitest'
import type { RequestFault } from '../../src/rules/reasons/index.ts'
import { type RunFact, runFact, runSentence, storedRunSentence } from '../../src/rules/reasons/run.ts'
import { factsOf, runMessage } from '../../src/rules/reasons/run-message.ts'

const said: [fact: RunFact, en: string, fr: string][] = [
  [
    runFact('COUNTS', counts(12, 3, 4, 1)),
    '12 harvested, 3 unchanged, 4 skipped, 1 of 20 failed',
    '12 moissonnés, 3 inchangés, 4 écartés, 1 échec sur 20',
  ],
  [
    runFact('COUNTS', counts(1, 1, 1, 2)),
    '1 harvested, 1 unchanged, 1 skipped, 2 of 5 failed',
    '1 moissonné, 1 inchangé, 1 écarté, 2 échecs sur 5',
  ],
  [runFact('COUNTS', counts(1, 1, 0, 0)), '1 harvested, 1 unchanged', '1 moissonné, 1 inchangé'],
  [runFact('COUNTS', counts(0, 0, 2, 0)), 'nothing to harvest, 2 skipped', 'rien à moissonner, 2 écartés'],
  [runFact('COUNTS', counts(0, 0, 0, 0)), 'nothing to harvest', 'rien à moissonner'],
  [runFact('COUNTS', counts(0, 1, 0, 0)), '1 unchanged', '1 inchangé'],
  [runFact('COUNTS', counts(0, 0, 0, 1)), '1 of 1 failed', '1 échec sur 1'],
  [
    runFact('NO_LIST', { fault: status(), remedy: 'Try again' }),
    'the list of datasets could not be had: Out of memory [HTTP 500] (GET /a). Try again',
    'la liste des jeux de données n’a pas pu être obtenue : Out of memory [HTTP 500] (GET /a)',
  ],
  [
    runFact('NO_LIST', { fault: status(), remedy: null }),
    'the list of datasets could not be had: Out of memory [HTTP 500] (GET /a)',
    'la liste des jeux de données n’a pas pu être obtenue : Out of memory [HTTP 500] (GET /a)',
  ],
  [
    runFact('LIST_EMPTY', { english: 'the list is empty' }),
    'the list is empty',
    'la liste des jeux de données est vide, ce qui n’est pas cru',
  ],
  [
    runFact('LIST_SHORT', { listed: 3, lacking: 9, known: 12 }),
    'the list of datasets is suspiciously short and not believed: it has 3 and lacks 9 of the 12 known ones',
    'la liste des jeux de données est étrangement courte et n’est pas crue : elle en a 3, et il en manque 9 sur les 12 connus',
  ],
  [
    runFact('NOT_READY', { detail: 'its list grows' }),
    'SOURCE_NOT_READY: its list grows',
    'la source n’est pas prête : its list grows',
  ],
  [
    runFact('SOURCES', { failed: 0, total: 1, sources: [{ source: 'a', fact: runFact('CANCELLED', {}) }] }),
    'a: Cancelled',
    'a : Annulée',
  ],
  [
    runFact('SOURCES', { failed: 1, total: 1, sources: [{ source: 'a', fact: runFact('CRASHED', {}) }] }),
    '1 of 1 source failed: a: Crashed',
    '1 source sur 1 en échec : a : Interrompue',
  ],
  [
    runFact('SOURCES', {
      failed: 2,
      total: 3,
      sources: [
        { source: 'a', fact: runFact('CRASHED', {}) },
        { source: 'b', fact: runFact('CANCELLED', {}) },
      ],
    }),
    '2 of 3 sources failed: a: Crashed; b: Cancelled',
    '2 sources sur 3 en échec : a : Interrompue; b : Annulée',
  ],
  [
    runFact('CATALOGUE_SHRUNK', { lacking: 3, indexed: 9 }),
    'the catalogue is not believed: it lacks the records of 3 of the 9 catalogued datasets',
    'le catalogue n’est pas cru : il y manque les fiches de 3 des 9 jeux de données catalogués',
  ],
  [
    runFact('CATALOGUE_UNCOMPARED', {}),
    'the catalogue could not be compared with the index',
    'le catalogue n’a pas pu être comparé à l’index',
  ],
  [
    runFact('ROWS_REFUSED', { ids: ['a'], count: 1 }),
    '1 dataset had rows refused and keeps what it had: a',
    '1 jeu de données a vu des lignes refusées et garde ce qu’il avait : a',
  ],
  [
    runFact('ROWS_REFUSED', { ids: ['a', 'b'], count: 2 }),
    '2 datasets had rows refused and keep what they had: a, b',
    '2 jeux de données ont vu des lignes refusées et gardent ce qu’ils avaient : a, b',
  ],
  [
    runFact('PRUNE_REFUSED', { source: 'a', lost: 1, total: 1, percent: null }),
    'a would lose 1 of its 1 dataset, more than half of them at once: nothing was removed. If that is right, load again with --allow-prune.',
    'a perdrait 1 de ses 1 jeu de données, plus de la moitié d’un coup : rien n’a été retiré. Si c’est juste, chargez de nouveau avec --allow-prune.',
  ],
  [
    runFact('PRUNE_REFUSED', { source: 'a', lost: 8, total: 12, percent: 40 }),
    'a would lose 8 of its 12 datasets, more than 40 % at once: nothing was removed. If that is right, load again with --allow-prune.',
    'a perdrait 8 de ses 12 jeux de données, plus de 40 % d’un coup : rien n’a été retiré. Si c’est juste, chargez de nouveau avec --allow-prune.',
  ],
  [
    runFact('OLDER', { count: 1 }),
    '1 dataset was older than the index and left out',
    '1 jeu de données était plus ancien que l’index et a été laissé de côté',
  ],
  [
    runFact('OLDER', { count: 2 }),
    '2 datasets were older than the index and left out',
    '2 jeux de données étaient plus anciens que l’index et ont été laissés de côté',
  ],
  [runFact('NOT_LOADED', { detail: 'disk full' }), 'not loaded: disk full', 'non chargé : disk full'],
  [runFact('BROKE_OFF', { detail: 'disk full' }), 'disk full', 'l’exécution a échoué : disk full'],
  [
    runFact('NO_SUCCESS', { hours: 0.005, ever: true }),
    'no harvest has succeeded for 0 minutes',
    'aucun moissonnage n’a réussi depuis 0 minute',
  ],
  [
    runFact('NO_SUCCESS', { hours: 0.513, ever: true }),
    'no harvest has succeeded for 30 minutes',
    'aucun moissonnage n’a réussi depuis 30 minutes',
  ],
  [
    runFact('NO_SUCCESS', { hours: 0.5, ever: true }),
    'no harvest has succeeded for 30 minutes',
    'aucun moissonnage n’a réussi depuis 30 minutes',
  ],
  [
    runFact('NO_SUCCESS', { hours: 1.9, ever: true }),
    'no harvest has succeeded for 1 hour',
    'aucun moissonnage n’a réussi depuis 1 heure',
  ],
  [
    runFact('NO_SUCCESS', { hours: 50, ever: false }),
    'no harvest has succeeded since it is known, 50 hours ago',
    'aucun moissonnage n’a réussi depuis que la source est connue, il y a 50 heures',
  ],
  [
    runFact('NO_SUCCESS', { hours: 1 / 60, ever: true }),
    'no harvest has succeeded for 1 minute',
    'aucun moissonnage n’a réussi depuis 1 minute',
  ],
  [
    runFact('NO_SUCCESS', { hours: 1, ever: false }),
    'no harvest has succeeded since it is known, 1 hour ago',
    'aucun moissonnage n’a réussi depuis que la source est connue, il y a 1 heure',
  ],
  [runFact('TEST', {}), 'This is a test: nothing has failed.', 'Ceci est un essai : rien n’a échoué.'],
  [runFact('CANCELLED', {}), 'Cancelled', 'Annulée'],
  [runFact('STOPPED', {}), 'Crashed: the process was stopped', 'Interrompue : le processus a été arrêté'],
  [runFact('PAUSED', {}), 'Crashed: the run was paused', 'Interrompue : l’exécution a été mise en pause'],
  [runFact('CRASHED', {}), 'Crashed', 'Interrompue'],
]

describe('a run', () => {
  test.each(said)('says %j', (of, en, fr) => {
    expect(runSentence('en', [of])).toBe(en)
    expect(runSentence('fr', [of])).toBe(fr)
    // The English one is what portals read; pages say the French one of the same facts.
    expect(runMessage('en', en, [of])).toEqual({ text: en, language: 'en' })
    expect(runMessage('fr', en, [of])).toEqual({ text: fr, language: 'fr' })
  })

  test('says one thing after the other', () => {
    const of = [runFact('COUNTS', counts(1, 0, 0, 0)), runFact('OLDER', { count: 1 })]
    expect(runSentence('en', of)).toBe('1 harvested; 1 dataset was older than the index and left out')
  })

  test('has no sentence of facts that this version cannot say', () => {
    expect(storedRunSentence('fr', [])).toBeNull()
    expect(storedRunSentence('fr', [{ code: 'FROM_TOMORROW', values: {} }])).toBeNull()
    expect(storedRunSentence('fr', [{ code: 'OLDER', values: null }])).toBeNull()
    expect(storedRunSentence('fr', [{ code: 'NOT_LOADED', values: {} }])).toBeNull()
    expect(storedRunSentence('fr', [{ code: 'CANCELLED', values: {} }])).toBe('Annulée')
    // A value may be the word that a missing one reads as.
    expect(storedRunSentence('fr', [{ code: 'NOT_READY', values: { detail: 'undefined' } }])).toBe(
      'la source n’est pas prête : undefined',
    )
  })

  test('that somebody settled otherwise is no longer what its facts say', () => {
    const facts = [runFact('CRASHED', {})]
    expect(factsOf('Crashed', facts)).toBe(facts)
    expect(factsOf('Completed by hand', facts)).toBeNull()
    expect(factsOf(null, facts)).toBeNull()
    expect(factsOf('Crashed', null)).toBeNull()
    expect(runMessage('fr', 'Completed by hand', facts)).toEqual({
      text: 'Completed by hand',
      language: 'en',
    })
  })
})

describe('the English sentence of an older version is said in French', () => {
  test.each([
    [
      '12 harvested, 3 unchanged, 4 skipped, 1 of 20 failed',
      '12 moissonnés, 3 inchangés, 4 écartés, 1 échec sur 20',
    ],
    ['nothing to harvest', 'rien à moissonner'],
    ['2 of 9 datasets failed', '2 échecs sur 9 jeux de données'],
    ['1 of 2 datasets failed', '1 échec sur 2 jeux de données'],
    ['1 of 1 dataset failed', '1 échec sur 1 jeu de données'],
    [
      'Crashed: nothing was heard of the run for a day',
      'Interrompue : l’exécution n’a plus donné signe de vie depuis un jour',
    ],
    ['Crashed: the run was taken up again', 'Interrompue : l’exécution a été reprise'],
    ['Crashed: the process was stopped', 'Interrompue : le processus a été arrêté'],
    ['Crashed: the run was paused', 'Interrompue : l’exécution a été mise en pause'],
    ['Crashed: the process that ran it is gone', 'Interrompue : le processus qui l’exécutait n’est plus là'],
    ['Crashed', 'Interrompue'],
    ['Cancelled', 'Annulée'],
    ['Cancelled: by Anna', 'Annulée : par Anna'],
    [
      'The list of datasets could not be had: HTTP 500',
      'La liste des jeux de données n’a pas pu être obtenue : HTTP 500',
    ],
    ['3 sources harvested', '3 sources moissonnées'],
    ['1 source harvested', '1 source moissonnée'],
    [
      '1 of 2 sources failed: https://a: 1 of 3 failed',
      '1 source sur 2 en échec : https://a : 1 échec sur 3',
    ],
    [
      '2 of 2 sources failed: https://a: Crashed; https://b: 2 skipped, 1 of 3 failed',
      '2 sources sur 2 en échec : https://a : Interrompue; https://b : 2 écartés, 1 échec sur 3',
    ],
  ])('%s', (english, french) => {
    expect(runMessage('fr', english)).toEqual({ text: french, language: 'fr' })
    expect(runMessage('en', english)).toEqual({ text: english, language: 'en' })
  })

  test.each([
    'disk full',
    '3 harvested, disk full',
    'not Crashed',
    'Crashed twice',
    '1 of 2 sources failed: https://a: disk full',
    '1 of 2 sources failed: https://a: Crashed; nonsense',
  ])('only where all of it is known: %s', (english) => {
    expect(runMessage('fr', english)).toEqual({ text: english, language: 'en' })
  })
})

function counts(success: number, unchanged: number, skipped: number, error: number) {
  return { success, unchanged, skipped, error }
}

function status(of: Partial<Extract<RequestFault, { kind: 'status' }>> = {}): RequestFault {
  const fault = { kind: 'status', status: 500, sentence: 'Out of memory', meaning: '' } as const
  return { ...fault, request: 'GET /a', attempts: 1, ...of }
}
