import { scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

export interface User {
  readonly id: string
  readonly name: string
}

interface Account extends User {
  readonly salt: string
  /** scrypt with N = 16384, r = 8, p = 1: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html */
  readonly hash: string
}

/** The demonstration's visitors. Their passwords stand on the login page, and only there. */
const accounts: readonly Account[] = [
  { id: 'asa', name: 'Åsa', salt: '93IyCI24niuC5Y0wyYb5BA', hash: 'WPYulMZpHd8eDifZ5EVK_nnIqAJCezi2KzSaqSewwzc' },
  { id: 'omar', name: 'Omar', salt: '-PRyhw6O1R_E6rYvrAlG8g', hash: 'xQJU9EYdFxxKCe4tp_ExhV_DBaCcOEZCB1e-7W7KOqg' },
]

/** Compared with when the name is unknown, so that an answer takes as long as with a known one. */
const nobody: Account = {
  id: '',
  name: '',
  salt: '88WAssFNs6ggK2LNU238sA',
  hash: 'ZzOY74PNh_7R3Z4_gvc2x3CH84K1OpeRg5QiDqDVfGE',
}

export const demoLogins = [
  { id: 'asa', password: 'blåsippa' },
  { id: 'omar', password: 'copper-kettle' },
] as const

const derive = promisify<string, string, number, Buffer>(scrypt)

/** The user of a name and password, or `undefined`. Takes the same time whichever of the two is wrong. */
export async function authenticate(id: string, password: string): Promise<User | undefined> {
  const account = accounts.find((candidate) => candidate.id === id) ?? nobody
  // Of two ways to type ö one is taken: people do not know which one their keyboard sends.
  const derived = await derive(password.normalize('NFC'), account.salt, 32)
  const matches = timingSafeEqual(derived, Buffer.from(account.hash, 'base64url'))
  return matches && account !== nobody ? { id: account.id, name: account.name } : undefined
}

export function findUser(id: string | undefined): User | undefined {
  return accounts.find((account) => account.id === id)
}
