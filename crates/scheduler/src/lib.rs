//! Florin's notification process: the composition root over the daily checks and the delivery of what they decide. Tests start
//! its parts in their own process.
