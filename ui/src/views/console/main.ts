// The console's entry: words, queries, addresses and the sign-in, then the page.
import { VueQueryPlugin } from '@tanstack/vue-query'
import { createApp } from 'vue'
import { onSignedOut } from '@/platform/console'
import { commonMessages } from '@/shared/i18n/common'
import { setupI18n } from '@/shared/i18n'
import { applyAppearance } from '@/shared/theme'
import { consoleBoardMessages } from '@/features/console-board/messages'
import { consoleDirectoryMessages } from '@/features/console-directory/messages'
import { consoleEnterpriseMessages } from '@/features/console-enterprises/messages'
import { consoleErrorMessages, consoleFrameMessages } from '@/features/console-frame/messages'
import { consoleQueries } from '@/features/console-frame/queries'
import { forgetSession } from '@/features/console-frame/session'
import { consoleTradeMessages } from '@/features/console-frame/trade'
import { consoleImportMessages } from '@/features/console-import/messages'
import { consoleOverviewMessages } from '@/features/console-overview/messages'
import { consoleRescueMessages } from '@/features/console-rescue/messages'
import { consoleReviewMessages } from '@/features/console-review/messages'
import { consoleTabletMessages } from '@/features/console-tablets/messages'
import { consoleTaskMessages } from '@/features/console-tasks/messages'
import ConsoleApp from './ConsoleApp.vue'
import { consoleRouter } from './router'
import '@/shared/tokens.css'
import '@/shared/base.css'
import './console.css'

const i18n = setupI18n([
  commonMessages,
  consoleFrameMessages,
  consoleErrorMessages,
  consoleTradeMessages,
  consoleOverviewMessages,
  consoleTaskMessages,
  consoleBoardMessages,
  consoleReviewMessages,
  consoleEnterpriseMessages,
  consoleDirectoryMessages,
  consoleTabletMessages,
  consoleRescueMessages,
  consoleImportMessages,
])
const queryClient = consoleQueries()
const router = consoleRouter(i18n.global)

onSignedOut(() => {
  forgetSession()
  queryClient.clear()
  const here = router.currentRoute.value
  if (here.name !== 'login') void router.replace({ name: 'login', query: { next: here.fullPath, ended: '1' } })
})

applyAppearance()
createApp(ConsoleApp).use(i18n).use(router).use(VueQueryPlugin, { queryClient }).mount('#app')
