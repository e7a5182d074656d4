// The app's entry: words, appearance, queries, routes.
import '@/shared/tokens.css'
import '@/shared/base.css'
import { QueryCache, QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { createApp } from 'vue'
import { failureOf, onChanged } from '@/platform/app'
import { setupI18n } from '@/shared/i18n'
import { applyAppearance } from '@/shared/theme'
import App from './App.vue'
import { inspectorBundles } from './bundles'
import { router } from './router'

/** Failures by which the store says that the screen must change. */
const CLOSED: string[] = ['locked', 'not_enrolled', 'lease_ended', 'withdrawn', 'wiped', 'store_damaged']

// Everything is asked of this tablet, so no query waits for a network, and a
// failure is shown at once instead of being tried again behind the scenes.
const queries = new QueryClient({
  // The store may lock by itself: whoever is told so brings the PIN screen back.
  queryCache: new QueryCache({
    onError: (error) => {
      if (CLOSED.includes(failureOf(error).code)) void queries.invalidateQueries({ queryKey: ['status'] })
    },
  }),
  defaultOptions: {
    queries: { networkMode: 'always', retry: false, staleTime: 1000, refetchOnReconnect: false },
    mutations: { networkMode: 'always', retry: false },
  },
})

applyAppearance()
createApp(App)
  .use(setupI18n(inspectorBundles))
  .use(VueQueryPlugin, { queryClient: queries })
  .use(router)
  .mount('#app')

void onChanged(() => void queries.invalidateQueries())
