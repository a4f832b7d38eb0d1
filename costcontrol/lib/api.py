problem_handler = None
