//! lianjian-tests
