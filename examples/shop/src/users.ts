import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { type TransientStore, utf8, withDeadline } from '@transient/core'

export interface User {
  readonly id: string
  readonly name: string
}

/** The outcome of a correct password. */
export interface Proof extends User {
  /** The password that was correct, as it is kept. */
  readonly password: string
}

/** Who may log in. */
export interface Users {
  find(id: string | undefined): User | undefined
  /** The user of a name and password, or `undefined`; takes the same time whichever of the two is wrong. */
  check(id: string, password: string): Promise<Proof | undefined>
  /** Whether the password of a {@link check} is still the one that counts. */
  isCurrent(proof: Proof): Promise<boolean>
  /** Gives the user another password. `false` if somebody else has done that since the {@link check}. */
  changePassword(proof: Proof, password: string): Promise<boolean>
}

interface Account extends User {
  /** Salt and hash, by scrypt with N = 16384, r = 8, p = 1: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html */
  readonly password: string
}

/** The demonstration's visitors. Their passwords stand on the login page, and only there. */
const accounts: readonly Account[] = [
  { id: 'asa', name: 'Åsa', password: '93IyCI24niuC5Y0wyYb5BA.WPYulMZpHd8eDifZ5EVK_nnIqAJCezi2KzSaqSewwzc' },
  { id: 'omar', name: 'Omar', password: '-PRyhw6O1R_E6rYvrAlG8g.xQJU9EYdFxxKCe4tp_ExhV_DBaCcOEZCB1e-7W7KOqg' },
]

/** Compared with when the name is unknown, so that an answer takes as long as with a known one. */
const nobody: Account = {
  id: '',
  name: '',
  password: '88WAssFNs6ggK2LNU238sA.ZzOY74PNh_7R3Z4_gvc2x3CH84K1OpeRg5QiDqDVfGE',
}

export const demoLogins = [
  { id: 'asa', password: 'blåsippa' },
  { id: 'omar', password: 'copper-kettle' },
] as const

export const shortestPassword = 8

/** A demonstration forgets: after that time the password on the login page is right again. */
const changeLasts = 24 * 3_600_000
const patience = 1000

const derive = promisify<string, string, number, Buffer>(scrypt)

/**
 * Passwords that were changed are kept beside the sessions, for a day, so that every process of the demonstration knows them. A real
 * shop has its users in a database.
 */
export function createUsers(transient: TransientStore): Users {
  const store = withDeadline(transient, patience)
  const keyOf = ({ id }: User) => `shop:password:${id}`

  async function currentPassword(account: Account): Promise<string> {
    const changed = await store.get(keyOf(account))
    return changed === undefined ? account.password : utf8.decode(changed)
  }

  function find(id: string | undefined): Account | undefined {
    return accounts.find((account) => account.id === id)
  }

  return {
    find,
    check: async (id, password) => {
      const account = find(id) ?? nobody
      const kept = await currentPassword(account)
      const matches = await isPassword(password, kept)
      return matches && account !== nobody ? { id: account.id, name: account.name, password: kept } : undefined
    },
    isCurrent: async (proof) => (await currentPassword(find(proof.id) ?? nobody)) === proof.password,
    changePassword: async (proof, password) => {
      const next = utf8.encode(await keep(password))
      // Of two changes at once one counts: the other was allowed by a password that is none any more.
      const before = proof.password === find(proof.id)?.password ? null : utf8.encode(proof.password)
      return store.compareAndSet(keyOf(proof), before, next, changeLasts)
    },
  }
}

async function isPassword(password: string, kept: string): Promise<boolean> {
  const [salt = '', hash = ''] = kept.split('.')
  return timingSafeEqual(await hashOf(password, salt), Buffer.from(hash, 'base64url'))
}

async function keep(password: string): Promise<string> {
  const salt = randomBytes(16).toString('base64url')
  return `${salt}.${(await hashOf(password, salt)).toString('base64url')}`
}

/** Of two ways to type ö one is taken: people do not know which one their keyboard sends. */
function hashOf(password: string, salt: string): Promise<Buffer> {
  return derive(password.normalize('NFC'), salt, 32)
}
