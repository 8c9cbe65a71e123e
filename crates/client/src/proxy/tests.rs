mod abuse;
mod manners;
mod rig;
mod sites;
mod spellings;
mod transfers;
