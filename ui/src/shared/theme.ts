// How it looks for this person on this device: theme, text size, language.
// Kept in the web view's own storage; nothing of the work is kept there.
import { useMediaQuery, useStorage } from '@vueuse/core'
import { computed, watchEffect } from 'vue'

/** Ordinary, high contrast for the sun, or whatever the system asks for. */
export type Theme = 'light' | 'outdoor' | 'system'
/** The three text sizes; they scale everything. */
export type TextSize = 'normal' | 'large' | 'larger'

export const themes: readonly Theme[] = ['light', 'outdoor', 'system']
export const textSizes: readonly TextSize[] = ['normal', 'large', 'larger']

const theme = useStorage<Theme>('lianjian.theme', 'light')
const textSize = useStorage<TextSize>('lianjian.text', 'normal')
const wantsContrast = useMediaQuery('(prefers-contrast: more)')

const shownTheme = computed(() => {
  if (theme.value === 'outdoor') return 'outdoor'
  return theme.value === 'system' && wantsContrast.value ? 'outdoor' : 'light'
})

/** The choices; assigning to them takes effect at once. */
export function useAppearance() {
  return { theme, textSize, shownTheme }
}

/** Called once by each entry: keeps the page's attributes in step. */
export function applyAppearance(): void {
  watchEffect(() => {
    const root = document.documentElement
    root.dataset.theme = shownTheme.value
    root.dataset.text = textSize.value
  })
}
