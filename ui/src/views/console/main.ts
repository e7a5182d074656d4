// The console's entry.
import '@/shared/tokens.css'
import '@/shared/base.css'
