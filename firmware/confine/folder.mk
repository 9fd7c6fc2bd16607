# The way into confinement and the loop of every child. Links libseccomp; a program that uses this folder names it in its packages.
