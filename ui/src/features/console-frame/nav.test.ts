import { describe, expect, it } from 'vitest'
import { homePath, navItems } from './nav'

describe('the rail', () => {
  it('shows nothing an account may not use', () => {
    const administrator = navItems((action) => ['read_directories', 'import_directories', 'manage_tablets'].includes(action))
    expect(administrator.map((item) => item.name)).toEqual(['enterprises', 'directory', 'tablets', 'import'])
    expect(navItems(() => false)).toEqual([])
  })
  it('an account begins on the first page it may see', () => {
    expect(homePath(() => true)).toBe('/overview')
    expect(homePath((action) => action === 'read_directories')).toBe('/enterprises')
  })
})
