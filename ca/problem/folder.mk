# problem documents from the list of refusals
tests += test_problem
test_problem.uses = ca/problem firmware/boundary
test_problem.packages = jansson
