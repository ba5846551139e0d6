import { expect, test } from 'vitest'
import { erddapOrganizations } from '../../src/rules/organizations.ts'
import { metadataOf } from './examples.ts'

const organizations = (globals: Record<string, string>) => erddapOrganizations(metadataOf({}, globals))

test('organizations are institution, publisher, creator and contributor, in that order', () => {
  expect(
    organizations({
      contributor_name: 'D',
      contributor_type: 'institution',
      creator_name: 'C',
      creator_type: 'group',
      publisher_name: 'B',
      publisher_type: 'institution',
      institution: 'A',
    }),
  ).toEqual(['A', 'B', 'C', 'D'])
})

test.each(['person', 'position', 'groups', '', undefined])(
  'a party of type %j is no organization',
  (type) => {
    const globals: Record<string, string> = { institution: 'A', creator_name: 'C' }
    if (type !== undefined) globals.creator_type = type
    expect(organizations(globals)).toEqual(['A'])
  },
)

test('the name is X_name if that is not blank, else X', () => {
  expect(organizations({ creator: 'short', creator_name: 'Long Name', creator_type: 'group' })).toEqual([
    'Long Name',
  ])
  expect(organizations({ creator: 'short', creator_name: '  ', creator_type: 'group' })).toEqual(['short'])
  expect(organizations({ creator: 'short', creator_type: 'group' })).toEqual(['short'])
})

test('empties and duplicates are left out, told apart after decoding', () => {
  expect(
    organizations({
      institution: ' P\\u00eaches  et\\nOc\\u00e9ans ',
      publisher_name: 'Pêches et Océans',
      publisher_type: 'institution',
      creator_name: '',
      creator_type: 'group',
    }),
  ).toEqual(['Pêches et Océans'])
  expect(organizations({})).toEqual([])
})

test('"NA" is text', () => {
  expect(organizations({ institution: 'NA' })).toEqual(['NA'])
})
