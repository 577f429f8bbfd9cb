<?php
/**
 * The dashboard of a WordPress without WooCommerce: nothing breaks; prints one line for each check.
 *
 * @package wcflow-companion
 */

require_once ABSPATH . 'wp-admin/includes/admin.php';
try {
	Wcflow_Tables::install();
	Wcflow_Admin::init();
	do_action( 'admin_menu', '' );
	set_current_screen( 'users' );
	do_action( 'admin_enqueue_scripts', 'users.php' );
	$table = _get_list_table( 'WP_Users_List_Table', array( 'screen' => 'users' ) );
	$table->prepare_items();
	ob_start();
	$table->display();
	$html = ob_get_clean();
	if ( false === strpos( $html, 'admin@shop.example' ) ) {
		throw new Exception( 'no list of users' );
	}
	echo "ok the list of users\n";
	ob_start();
	do_action( 'show_user_profile', wp_get_current_user() );
	do_action( 'edit_user_profile', wp_get_current_user() );
	ob_end_clean();
	echo "ok the profile\n";
} catch ( Throwable $fault ) {
	echo 'not ok: ', $fault->getMessage(), ' (', basename( $fault->getFile() ), ':', $fault->getLine(), ")\n";
}
