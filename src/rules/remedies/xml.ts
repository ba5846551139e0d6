/** Pieces of ERDDAP's `datasets.xml`, as its admins write them. */

const indent = '    '

function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}

export function element(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`
}

export function att(name: string, value: string): string {
  return `<att name="${escapeXml(name).replace(/"/g, '&quot;')}">${escapeXml(value)}</att>`
}

export function block(name: string, lines: readonly string[]): string {
  const inner = lines.flatMap((line) => line.split('\n')).map((line) => `${indent}${line}`)
  return [`<${name}>`, ...inner, `</${name}>`].join('\n')
}

/** Attributes of the dataset itself. */
export function globalAttributes(atts: readonly string[]): string {
  return block('addAttributes', atts)
}

/** Attributes to add to a variable that is there; `/info` names it by its destinationName. */
export function variable(destinationName: string, atts: readonly string[]): string {
  return block('dataVariable', [element('destinationName', destinationName), block('addAttributes', atts)])
}

const placed: Readonly<Record<string, readonly string[]>> = {
  latitude: [
    att('ioos_category', 'Location'),
    att('standard_name', 'latitude'),
    att('units', 'degrees_north'),
  ],
  longitude: [
    att('ioos_category', 'Location'),
    att('standard_name', 'longitude'),
    att('units', 'degrees_east'),
  ],
}

/** A variable that has one value: ERDDAP reads `=48.5` as the source of it. */
export function fixedVariable(
  name: string,
  value: string,
  dataType = 'double',
  atts: readonly string[] = placed[name] ?? [att('ioos_category', 'Identifier')],
): string {
  return block('dataVariable', [
    element('sourceName', `=${value}`),
    element('destinationName', name),
    element('dataType', dataType),
    block('addAttributes', atts),
  ])
}
