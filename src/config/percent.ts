/** User and password of an address as they are meant; one with a `%` that begins no escape is taken as it stands. */
export function loginOf(url: Pick<URL, 'username' | 'password'>): string {
  return `${decoded(url.username)}:${decoded(url.password)}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
