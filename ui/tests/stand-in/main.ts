// Puts a stand-in for the app's Rust side into the page, then starts the real
// entry. Only the dev server serves this page. What it shows is chosen in the
// address: ?scene=work|empty|many|error|unenrolled|locked|waiting
import { mockConvertFileSrc, mockIPC } from '@tauri-apps/api/mocks'
import { StandIn, type Scene } from './app'

const query = new URLSearchParams(location.search)
const scene = (query.get('scene') ?? 'work') as Scene
for (const key of ['theme', 'text', 'language']) {
  const value = query.get(key)
  if (value) localStorage.setItem(`lianjian.${key}`, value)
}

const standIn = new StandIn(scene)
mockConvertFileSrc('linux')
const internals = (window as unknown as { __TAURI_INTERNALS__: { convertFileSrc: (path: string) => string } }).__TAURI_INTERNALS__
internals.convertFileSrc = (path) => standIn.picture(path)
mockIPC((command, args) => standIn.answer(command, args as never), { shouldMockEvents: true })

await import('../../src/views/inspector/main')
