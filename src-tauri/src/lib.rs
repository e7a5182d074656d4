//! lianjian-app
